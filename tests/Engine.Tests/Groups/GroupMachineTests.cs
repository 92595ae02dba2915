using Control.Contracts.Groups;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;
using Control.Engine.Groups;

namespace Control.Engine.Tests.Groups;

public sealed class GroupMachineTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private DateTimeOffset _now = Start;
    private GroupModel _model = GroupModel.Empty(GroupId.Parse("shop/deploy"));

    [Fact]
    public void Claim_Free_IsGrantedAtOnce()
    {
        var change = Claim(1);

        Assert.Equal(["1 Granted"], Told(change));
        Assert.Equal([1], Holders);
    }

    [Fact]
    public void Claim_Full_WaitsAndIsGrantedOnRelease()
    {
        Claim(1);
        Assert.Empty(Claim(2).Answers);
        Assert.Equal([2], Waiters);

        var change = Release(1);

        Assert.Equal(["2 Granted"], Told(change));
        Assert.Equal(new ClaimRef(Run(1), 1), Assert.Single(change.Removed));
        Assert.Equal([2], Holders);
    }

    [Fact]
    public void Waiters_GoInTheOrderOfTheirRunsCreation()
    {
        Claim(1);
        foreach (var number in new[] { 5, 3, 4 })
        {
            Claim(number, since: number);
        }

        Assert.Equal([3, 4, 5], Waiters);
        Release(1);
        Assert.Equal([3], Holders);
        Release(3);
        Assert.Equal([4], Holders);
    }

    [Fact]
    public void Claim_BehindItsOwnRelease_CountsForNothing()
    {
        Assert.True(Release(1).IsEmpty);

        Assert.True(Claim(1).IsEmpty);

        Assert.Empty(Holders);
        Assert.Equal(["2 Granted"], Told(Claim(2)));
    }

    [Fact]
    public void Claim_OfAnEarlierRun_DoesNotTakeAPlaceThatIsGiven()
    {
        Claim(2, since: 2);
        Assert.Empty(Claim(1, since: 1).Answers);
        Assert.Equal([2], Holders);
    }

    [Fact]
    public void Limits_OfDifferentClaims_AllCount()
    {
        Claim(1, limit: 3);
        Claim(2, limit: 2);
        Assert.Equal([1, 2], Holders);

        // It would allow itself a place, but the second holder shares with one other at most.
        Claim(3, limit: 3);
        Assert.Equal([3], Waiters);

        Release(2);
        Assert.Equal([1, 3], Holders);
    }

    [Fact]
    public void Claim_WithALowLimit_IsNotOvertaken()
    {
        Claim(1, limit: 2);
        Claim(2, limit: 1, since: 2);
        Claim(3, limit: 2, since: 3);

        Assert.Equal([2, 3], Waiters);
        Release(1);
        Assert.Equal([2], Holders);
        Assert.Equal([3], Waiters);
    }

    [Fact]
    public void Reject_Full_SaysWhoHasThePlaceAndKeepsNothing()
    {
        Claim(1);
        var change = Claim(2, overflow: GroupOverflow.Reject);

        Assert.Equal(["2 Rejected"], Told(change));
        Assert.Contains("shop/web/1", change.Answers[0].Answer.Message, StringComparison.Ordinal);
        Assert.True(change.IsEmpty);
        Assert.Empty(Waiters);
    }

    [Fact]
    public void Reject_Free_IsGranted() => Assert.Equal(["1 Granted"], Told(Claim(1, overflow: GroupOverflow.Reject)));

    [Fact]
    public void Queue_Limited_RefusesWhatIsTooMuch()
    {
        Claim(1);
        Claim(2, queue: 1);
        Assert.Equal(["3 Rejected"], Told(Claim(3, queue: 1)));
        Assert.Equal([2], Waiters);
    }

    [Fact]
    public void CancelOldest_SupersedesTheHolderAndWaitsForItsEnd()
    {
        Claim(1, overflow: GroupOverflow.CancelOldest);
        var change = Claim(2, overflow: GroupOverflow.CancelOldest);

        Assert.Equal(["1 Superseded"], Told(change));
        Assert.Equal([1], Holders);
        Assert.Equal(["2 Granted"], Told(Release(1)));
    }

    [Fact]
    public void CancelOldest_SupersedesWaitersToo()
    {
        Claim(1, overflow: GroupOverflow.CancelOldest);
        Claim(2, overflow: GroupOverflow.CancelOldest);
        Assert.Equal(["2 Superseded"], Told(Claim(3, overflow: GroupOverflow.CancelOldest)));

        // The second one goes without ever having had the place.
        Release(1);
        Assert.Equal([3], Holders);
        Assert.Equal([2], Waiters);
        Release(2);
        Assert.Empty(Waiters);
    }

    [Fact]
    public void CancelOldest_KeepsAsManyAsTheLimitAllows()
    {
        Claim(1, limit: 2);
        Claim(2, limit: 2);
        Assert.Equal(["1 Superseded"], Told(Claim(3, limit: 2, overflow: GroupOverflow.CancelOldest)));
    }

    [Fact]
    public void CancelOldest_SparesClaimsOfItsOwnRun()
    {
        Claim(1, fence: 1, overflow: GroupOverflow.CancelOldest);
        Assert.Empty(Claim(1, fence: 2, overflow: GroupOverflow.CancelOldest).Answers);
        Assert.Single(_model.Waiting);
    }

    [Fact]
    public void Claim_Repeated_IsAnsweredAgainAndChangesNothing()
    {
        Claim(1);
        Claim(2);
        var (held, waits) = (Claim(1), Claim(2));

        Assert.Equal(["1 Granted"], Told(held));
        Assert.Empty(waits.Answers);
        Assert.True(held.IsEmpty && waits.IsEmpty);
    }

    [Fact]
    public void Release_Repeated_ChangesNothing()
    {
        Claim(1);
        Claim(2);
        Release(1);
        Assert.True(Release(1).IsEmpty);
        Assert.Equal([2], Holders);
    }

    [Fact]
    public void Tick_AnswersHoldersAndSupersededAgain()
    {
        Claim(1, overflow: GroupOverflow.CancelOldest);
        Claim(2, overflow: GroupOverflow.CancelOldest);
        Claim(3);
        Assert.Equal(["1 Superseded"], Told(Do(machine => machine.Tick())));
        Release(1);
        Assert.Equal(["2 Granted"], Told(Do(machine => machine.Tick())));
    }

    [Fact]
    public void SetLimit_ClaimOfBeforeComesBehindIt_HasTheNewLimit()
    {
        Claim(1);
        _now = Start + TimeSpan.FromHours(1);
        Do(machine => machine.SetLimit(2));
        Assert.Equal(["2 Granted"], Told(Claim(2, since: 2)));
        Assert.Equal([1, 2], Holders);
    }

    [Fact]
    public void SetLimit_RunCreatedLongAfterIt_ComesWithALimitOfItsOwn()
    {
        Do(machine => machine.SetLimit(2));
        Claim(1, since: 3700);
        Assert.Empty(Claim(2, since: 3700).Answers);
        Assert.Equal([2], Waiters);
    }

    [Fact]
    public void SetLimit_Raised_WhoWaitsGetsAPlace()
    {
        Claim(1);
        Claim(2);
        Claim(3);
        Assert.Equal(["2 Granted"], Told(Do(machine => machine.SetLimit(2))));
        Assert.Empty(Told(Do(machine => machine.SetLimit(1))));
        Release(1);
        Assert.Equal([3], Waiters);
    }

    [Fact]
    public void View_TellsWhoHasWaitsAndSinceWhen()
    {
        Claim(1, part: "build");
        Claim(2);
        var view = GroupViews.Group(_model, 3);

        Assert.Equal((1, 1, 3), (view.Holding, view.Waiting, (int)view.Version));
        Assert.Equal(("build", Start.AddSeconds(1)), (view.Holders[0].Part, view.Holders[0].GrantedAt));
        Assert.Equal((Run(2), (DateTimeOffset?)null), (view.Waiters[0].Run, view.Waiters[0].GrantedAt));
    }

    [Theory]
    [InlineData("shop/deploy", "shop", "deploy", "")]
    [InlineData("shop/deploy:feature/x:y", "shop", "deploy", "feature/x:y")]
    public void GroupId_ParsesWhatItWrites(string text, string workspace, string name, string value)
    {
        var id = GroupId.Parse(text);
        Assert.Equal((workspace, name, value, text), (id.Workspace, id.Name, id.Value, id.ToString()));
    }

    [Theory]
    [InlineData("shop")]
    [InlineData("shop/")]
    [InlineData("shop/Deploy")]
    [InlineData("shop/deploy:")]
    [InlineData("shop/deploy:a\nb")]
    public void GroupId_RefusesOthers(string text) => Assert.False(GroupId.TryParse(text, null, out _));

    /// <summary>
    /// Runs that claim, go, and come back as they like, with messages that are repeated and late: nobody's limit is ever
    /// exceeded, every claim is granted once and released once, and who waits longest is next.
    /// </summary>
    [Theory]
    [MemberData(nameof(Seeds))]
    public void Walk_NeverOverTheLimit(int seed)
    {
        var random = new Random(seed);
        var live = new List<ClaimRef>();
        var granted = new HashSet<ClaimRef>();
        for (var step = 0; step < 400; step++)
        {
            var change = Step(random, live, step);
            foreach (var claim in _model.Holding.Values)
            {
                Assert.True(_model.Holding.Count <= claim.Limit);
            }

            foreach (var claim in change.Changed.Where(claim => claim.GrantedAt == _now && claim.SupersededBy is null))
            {
                Assert.True(granted.Add(claim.Ref));
                Assert.True(_model.Waiting.All(waiter => waiter.SupersededBy is not null || waiter.Since >= claim.Since));
            }

            Assert.True(_model.Waiting.IsEmpty || !_model.Holding.IsEmpty || _model.Waiting.All(waiter => waiter.SupersededBy is not null));
            Assert.Equal(live.Count, _model.Holding.Count + _model.Waiting.Count);
        }
    }

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(1, 100)];

    private GroupChange Step(Random random, List<ClaimRef> live, int step)
    {
        var some = live.Count == 0 ? new ClaimRef(Run(100_000), 1) : live[random.Next(live.Count)];
        switch (random.Next(8))
        {
            case < 3:
                var change = Claim(step + 1, limit: random.Next(1, 4), overflow: (GroupOverflow)random.Next(1, 4), since: random.Next(100));
                if (change.Answers.All(answer => answer.Answer.Verdict != ClaimVerdict.Rejected))
                {
                    live.Add(new ClaimRef(Run(step + 1), 1));
                }

                return change;
            case 3 when live.Count > 0:
                return Claim((int)some.Run.Number);
            case 4:
                return Do(machine => machine.Tick());
            case 5:
                return Release(100_000 + random.Next(10));
            default:
                live.Remove(some);
                return Release((int)some.Run.Number);
        }
    }

    private IEnumerable<int> Holders => _model.Holding.Values.OrderBy(claim => claim.GrantedAt).Select(claim => (int)claim.Ref.Run.Number);

    private IEnumerable<int> Waiters => _model.Waiting.Select(claim => (int)claim.Ref.Run.Number);

    private static IEnumerable<string> Told(GroupChange change) => change.Answers.Select(answer => $"{answer.Claim.Run.Number} {answer.Answer.Verdict}");

    private static RunId Run(int number) => new(new PipelineId("shop", "web"), number);

    private GroupChange Claim(
        int run, int fence = 1, int limit = 1, GroupOverflow overflow = GroupOverflow.Queue, int since = 0, int queue = 0, string part = "") =>
        Do(machine => machine.Claim(new GroupClaim(new ClaimRef(Run(run), fence), part, Start.AddHours(-1).AddSeconds(since), limit, overflow, queue)));

    private GroupChange Release(int run) => Do(machine => machine.Release(new ClaimRef(Run(run), 1)));

    private GroupChange Do(Action<GroupMachine> apply)
    {
        _now += TimeSpan.FromSeconds(1);
        var machine = new GroupMachine(_model, _now);
        apply(machine);
        var change = machine.Seal();
        _model = change.Next;
        return change;
    }
}

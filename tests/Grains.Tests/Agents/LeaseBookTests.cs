using Control.Grains.Agents;

namespace Control.Grains.Tests.Agents;

public sealed class LeaseBookTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly HashSet<LeaseRef> Nothing = [];

    private readonly LeaseBook _book = new(new AgentTimings());

    [Fact]
    public void Claimed_ReservationsAndUnseenLeases_Counted()
    {
        _book.Reserve(AttemptId.Parse("w/p/9/s.j/1"), Noon);
        _book.Deliver(Job(1));
        Assert.Equal(2, _book.Claimed(Nothing, Noon));
        Assert.Equal(1, _book.Claimed(new HashSet<LeaseRef> { Lease(1) }, Noon));
        Assert.Equal(1, _book.Claimed(Nothing, Noon.AddSeconds(10)));
        Assert.True(_book.DropExpired(Noon.AddSeconds(10)));
        Assert.False(_book.DropExpired(Noon.AddSeconds(10)));
    }

    [Fact]
    public void Deliver_Reserved_ReservationBecomesTheLease()
    {
        _book.Reserve(Lease(1).Attempt, Noon);
        _book.Deliver(Job(1));
        Assert.Equal(1, _book.Claimed(Nothing, Noon));
    }

    [Fact]
    public void TakeOrders_StopBeforeDelivery_OnlyTheStop()
    {
        _book.Track(Lease(1), TimeSpan.FromMinutes(2), stopping: true);
        _book.Deliver(Job(1));
        var (start, stop) = _book.TakeOrders(1, Noon);
        Assert.Empty(start);
        Assert.Equal(Lease(1), Assert.Single(stop));
        Assert.False(_book.HasNews);
    }

    [Fact]
    public void Missing_TakenWithThisMessageOrNewer_NotYet()
    {
        _book.Deliver(Job(1));
        Assert.Empty(_book.Missing(Nothing, 9));
        _book.TakeOrders(5, Noon);
        Assert.Empty(_book.Missing(Nothing, 5));
        Assert.Equal([Lease(1)], _book.Missing(Nothing, 6));
        Assert.Empty(_book.Missing(new HashSet<LeaseRef> { Lease(1) }, 6));
    }

    [Fact]
    public void LoseEarlierBoot_TakenAndNotHeld_GivenUpAndNeverHandedOver()
    {
        _book.Deliver(Job(1));
        _book.TakeOrders(1, Noon);
        _book.Deliver(Job(2));
        _book.LoseEarlierBoot(Nothing);
        Assert.Equal((Lease(1), Reasons.AgentRestarted), Assert.Single(_book.GivenUp));
        Assert.Empty(_book.Missing(Nothing, 99));
        _book.Deliver(Job(1));
        Assert.Equal(Lease(2).Attempt, Assert.Single(_book.TakeOrders(2, Noon).Start).Attempt);
    }

    [Fact]
    public void LoseSilent_ByEachJobsLimit_FirstReasonStays()
    {
        _book.Track(Lease(1), TimeSpan.FromSeconds(30), stopping: false);
        _book.Track(Lease(2), TimeSpan.FromSeconds(31), stopping: false);
        Assert.Equal(TimeSpan.FromSeconds(30), _book.ShortestLostAfter);
        _book.LoseSilent(TimeSpan.FromSeconds(30));
        Assert.Equal((Lease(1), Reasons.AgentLost), Assert.Single(_book.GivenUp));
        _book.LoseEarlierBoot(Nothing);
        Assert.Contains((Lease(1), Reasons.AgentLost), _book.GivenUp);
    }

    private static LeaseRef Lease(int number) => new(AttemptId.Parse($"w/p/{number}/s.j/1"), 1);

    private static Assignment Job(int number) => new(Lease(number).Attempt, 1, new AgentId("a1"), [], [], [], [], null, 60, 120, 0, null);
}

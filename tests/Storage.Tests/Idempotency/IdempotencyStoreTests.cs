using Control.Contracts.Errors;
using Control.Storage.Idempotency;

namespace Control.Storage.Tests.Idempotency;

public sealed class IdempotencyStoreTests : IDisposable
{
    private readonly TestStore _test = new();

    private IdempotencyStore Store => _test.Store.Idempotency;

    public void Dispose() => _test.Dispose();

    [Fact]
    public async Task BeginAsync_Completed_ReplaysTheAnswerAfterReopen()
    {
        var begun = await BeginAsync();
        Assert.Equal(IdempotencyOutcome.New, begun.Outcome);
        Assert.True(await Store.CompleteAsync(begun.Claim!, 201, "application/json", "{}"u8.ToArray()));
        _test.Reopen();
        var again = await BeginAsync();
        Assert.Equal(IdempotencyOutcome.Replay, again.Outcome);
        Assert.Equal((201, "application/json"), (again.Answer!.Status, again.Answer.ContentType));
        Assert.Equal("{}"u8.ToArray(), again.Answer.Body);
    }

    [Fact]
    public async Task BeginAsync_AnotherRequestWithTheKey_Mismatch()
    {
        await BeginAsync();
        Assert.Equal(IdempotencyOutcome.Mismatch, (await BeginAsync(hash: "other")).Outcome);
    }

    [Fact]
    public async Task BeginAsync_AnotherPrincipal_New()
    {
        await BeginAsync();
        Assert.Equal(IdempotencyOutcome.New, (await BeginAsync(principal: "other")).Outcome);
    }

    [Theory]
    [InlineData(59, IdempotencyOutcome.InProgress)]
    [InlineData(60, IdempotencyOutcome.New)]
    public async Task BeginAsync_Unfinished_AbandonedAfterAMinute(int seconds, IdempotencyOutcome outcome)
    {
        await BeginAsync();
        Assert.Equal(outcome, (await BeginAsync(after: TimeSpan.FromSeconds(seconds))).Outcome);
    }

    [Fact]
    public async Task CompleteAsync_ClaimTakenOver_False()
    {
        var slow = await BeginAsync();
        var next = await BeginAsync(after: TimeSpan.FromMinutes(2));
        Assert.False(await Store.CompleteAsync(slow.Claim!, 200, "text/plain", default));
        Assert.True(await Store.CompleteAsync(next.Claim!, 201, "text/plain", default));
        Assert.Equal(201, (await BeginAsync(after: TimeSpan.FromMinutes(3))).Answer!.Status);
    }

    [Fact]
    public async Task AbandonAsync_Unfinished_NextIsNew()
    {
        var begun = await BeginAsync();
        Assert.True(await Store.AbandonAsync(begun.Claim!));
        Assert.Equal(IdempotencyOutcome.New, (await BeginAsync()).Outcome);
    }

    [Fact]
    public async Task AbandonAllAsync_BegunBefore_OnlyWhatHasNoAnswerIsNew()
    {
        var answered = await BeginAsync(key: "answered");
        await Store.CompleteAsync(answered.Claim!, 201, "text/plain", default);
        await BeginAsync(key: "old");
        await BeginAsync(key: "young", after: TimeSpan.FromSeconds(2));

        await Store.AbandonAllAsync(Make.Noon + TimeSpan.FromSeconds(1));

        Assert.Equal(IdempotencyOutcome.New, (await BeginAsync(key: "old")).Outcome);
        Assert.Equal(IdempotencyOutcome.InProgress, (await BeginAsync(key: "young")).Outcome);
        Assert.Equal(IdempotencyOutcome.Replay, (await BeginAsync(key: "answered")).Outcome);
    }

    [Fact]
    public async Task AbandonAllAsync_BegunInAnotherPlace_IsStillAtWork()
    {
        await BeginAsync(key: "mine");
        using var other = _test.Open(options => options.Place = "other");
        await other.Idempotency.AbandonAllAsync(Make.Noon + TimeSpan.FromSeconds(1));
        Assert.Equal(IdempotencyOutcome.InProgress, (await BeginAsync(key: "mine")).Outcome);
    }

    [Fact]
    public async Task AbandonAsync_Completed_KeepsTheAnswer()
    {
        var begun = await BeginAsync();
        await Store.CompleteAsync(begun.Claim!, 200, "text/plain", default);
        Assert.False(await Store.AbandonAsync(begun.Claim!));
        Assert.Equal(IdempotencyOutcome.Replay, (await BeginAsync()).Outcome);
    }

    [Fact]
    public async Task BeginAsync_ADayLater_ForgottenAndRemoved()
    {
        var begun = await BeginAsync();
        await Store.CompleteAsync(begun.Claim!, 200, "text/plain", default);
        Assert.Equal(IdempotencyOutcome.New, (await BeginAsync(key: "k2", after: IdempotencyStore.KeptFor + TimeSpan.FromTicks(1))).Outcome);
        Assert.Equal("k2", Assert.Single(_test.Sql("SELECT key FROM idempotency")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(IdempotencyStore.MaxKey + 1)]
    public async Task BeginAsync_KeyOutOfRange_Refused(int length)
    {
        var error = await Assert.ThrowsAsync<ControlException>(() => BeginAsync(key: new string('k', length)));
        Assert.Equal("bad-idempotency-key", error.Code);
    }

    [Fact]
    public async Task BeginAsync_ManyAtOnce_OneIsNew()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => BeginAsync()));
        Assert.Single(answers, answer => answer.Outcome == IdempotencyOutcome.New);
        Assert.Equal(19, answers.Count(answer => answer.Outcome == IdempotencyOutcome.InProgress));
    }

    private Task<IdempotencyAnswer> BeginAsync(string principal = "token-1", string key = "k", string hash = "h", TimeSpan after = default) =>
        Store.BeginAsync(principal, key, hash, Make.Noon + after);
}

using Control.Contracts.Errors;
using Control.Contracts.Runs;
using Control.Storage.Logs;

namespace Control.Storage.Tests.Logs;

public sealed class LogStoreTests : IDisposable
{
    private static readonly AttemptId Attempt = AttemptId.Parse("w/p/1/s.j/1");

    private readonly TestStore _test = new();

    public void Dispose() => _test.Dispose();

    [Theory]
    [InlineData(0, 10, true, 10)]
    [InlineData(5, 5, true, 10)]
    [InlineData(10, 0, true, 10)]
    [InlineData(10, 4, true, 14)]
    [InlineData(11, 1, false, 10)]
    [InlineData(11, 0, false, 10)]
    [InlineData(5, 6, false, 10)]
    [InlineData(0, 11, false, 10)]
    public async Task AppendAsync_ToTenBytes_AcceptsOnlyAtTheEndOrRepeats(long offset, int count, bool accepted, long length)
    {
        await _test.Store.Logs.AppendAsync(Attempt, 0, new byte[10]);
        Assert.Equal(new LogAppend(accepted, length), await _test.Store.Logs.AppendAsync(Attempt, offset, new byte[count]));
        Assert.Equal(length, await _test.Store.Logs.LengthAsync(Attempt));
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, LogStore.MaxChunk + 1)]
    [InlineData(long.MaxValue, 1)]
    public async Task AppendAsync_OutOfRange_Refused(long offset, int count)
    {
        var error = await Assert.ThrowsAsync<ControlException>(() => _test.Store.Logs.AppendAsync(Attempt, offset, new byte[count]));
        Assert.Equal("log-chunk-invalid", error.Code);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task AppendAsync_RandomChunksRepeatsAndGaps_LogIsTheBytesSent(int seed)
    {
        await Task.WhenAll(Enumerable.Range(1, 8).Select(number => Task.Run(async () =>
        {
            var random = new Random(seed * 100 + number);
            var attempt = Attempt with { Number = number };
            var sent = await SendAsync(attempt, random);
            await CheckAsync(attempt, sent, random);
        })));
        _test.Reopen();
        Assert.True(await _test.Store.Logs.LengthAsync(Attempt) > 0);
    }

    [Fact]
    public async Task RemoveAsync_OfARun_TakesAllItsLogsAndNobodyElses()
    {
        AttemptId[] others = [AttemptId.Parse("w/p/10/s.j/1"), AttemptId.Parse("w/p/2/s.j/1"), AttemptId.Parse("w/p1/1/s.j/1")];
        foreach (var other in others)
            await _test.Store.Logs.AppendAsync(other, 0, new byte[5]);
        for (var chunk = 0; chunk < LogStore.RemoveBatch * 2 + 1; chunk++)
            await _test.Store.Logs.AppendAsync(Attempt, chunk, new byte[1]);
        await _test.Store.Logs.AppendAsync(Attempt with { Number = 2 }, 0, new byte[5]);

        Assert.Equal((LogStore.RemoveBatch * 2) + 1 + 5, await _test.Store.Logs.LengthAsync(Attempt.Run));
        await _test.Store.Logs.RemoveAsync(Attempt.Run);
        await _test.Store.Logs.RemoveAsync(Attempt.Run);
        Assert.Equal(0, await _test.Store.Logs.LengthAsync(Attempt.Run));

        Assert.Equal(0, await _test.Store.Logs.LengthAsync(Attempt));
        Assert.Equal(0, await _test.Store.Logs.LengthAsync(Attempt with { Number = 2 }));
        foreach (var other in others)
            Assert.Equal(5, await _test.Store.Logs.LengthAsync(other));
        Assert.Equal(["3"], _test.Sql("SELECT count(*) FROM chunks", "logs"));
    }

    [Fact]
    public async Task ReadAsync_NoLogOrPastTheEnd_Empty()
    {
        Assert.Equal((0, 0L), Shape(await _test.Logs.ReadAsync(Attempt, 0, 10)));
        await _test.Store.Logs.AppendAsync(Attempt, 0, new byte[10]);
        Assert.Equal((0, 10L), Shape(await _test.Logs.ReadAsync(Attempt, 10, 10)));
        Assert.Equal((0, 10L), Shape(await _test.Logs.ReadAsync(Attempt, long.MaxValue, 10)));
        Assert.Equal((1, 10L), Shape(await _test.Logs.ReadAsync(Attempt, 9, 10)));
    }

    [Fact]
    public async Task ReadAsync_ChunkMissing_Corrupt()
    {
        await _test.Store.Logs.AppendAsync(Attempt, 0, new byte[10]);
        await _test.Store.Logs.AppendAsync(Attempt, 10, new byte[10]);
        _test.Sql("DELETE FROM chunks WHERE position = 0", "logs");
        var error = await Assert.ThrowsAsync<ControlException>(() => _test.Logs.ReadAsync(Attempt, 0, 20));
        Assert.Equal("storage-corrupt", error.Code);
    }

    [Fact]
    public async Task AppendAsync_Grown_SignalsTheLog()
    {
        var signalled = new TaskCompletionSource();
        using var subscription = _test.Store.Signals.Subscribe(new SubjectKey("log", Attempt.ToString()), signalled.SetResult);
        await _test.Store.Logs.AppendAsync(Attempt, 0, new byte[1]);
        await signalled.Task;
    }

    private async Task<byte[]> SendAsync(AttemptId attempt, Random random)
    {
        var sent = new List<byte>();
        for (var step = 0; step < 60; step++)
        {
            var chunk = new byte[random.Next(1, 5000)];
            random.NextBytes(chunk);
            if (random.Next(4) == 0)
                Assert.False((await _test.Store.Logs.AppendAsync(attempt, sent.Count + random.Next(1, 100), chunk)).Accepted);
            var offset = sent.Count;
            sent.AddRange(chunk);
            for (var times = random.Next(1, 3); times > 0; times--)
                Assert.Equal(new LogAppend(true, sent.Count), await _test.Store.Logs.AppendAsync(attempt, offset, chunk));
        }

        return [.. sent];
    }

    private async Task CheckAsync(AttemptId attempt, byte[] sent, Random random)
    {
        for (var step = 0; step < 40; step++)
        {
            var offset = random.Next(sent.Length);
            var count = random.Next(1, 20_000);
            var slice = await _test.Logs.ReadAsync(attempt, offset, count);
            Assert.Equal(sent.Length, slice.Length);
            Assert.Equal(sent.AsSpan(offset, Math.Min(count, sent.Length - offset)), slice.Bytes.Span);
        }
    }

    private static (int, long) Shape(Storage.Queries.Logs.LogSlice slice) => (slice.Bytes.Length, slice.Length);
}

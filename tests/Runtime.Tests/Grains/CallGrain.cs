using System.Diagnostics;
using Control.Contracts.Errors;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Control.Runtime.Tests.Grains;

/// <summary>A changeable argument: it must be copied.</summary>
[GenerateSerializer, Alias("test.basket")]
public sealed class Basket
{
    [Id(0)]
    public List<string> Items { get; set; } = [];

    [Id(1)]
    public byte[] Seal { get; set; } = [];
}

public sealed class RefusedException(string message) : Exception(message);

[Alias("test.call")]
public interface ICallGrain : IGrainWithStringKey
{
    [Alias("Wait")]
    Task Wait(string gate);

    [Alias("WaitBriefly"), ResponseTimeout("00:00:02")]
    Task WaitBriefly(string gate);

    [Alias("WaitFor"), AlwaysInterleave]
    Task<string> WaitFor(string gate, CancellationToken token);

    [Alias("Keep")]
    Task Keep(Basket basket);

    [Alias("KeepShared")]
    Task KeepShared([Immutable] Basket basket);

    [Alias("Kept")]
    Task<Basket> Kept();

    [Alias("IsKept")]
    Task<bool> IsKept([Immutable] Basket basket);

    [Alias("Throw")]
    Task Throw(string message);

    [Alias("ThrowFault")]
    Task ThrowFault();

    [Alias("ThrowAtOnce")]
    Task<int> ThrowAtOnce();

    [Alias("Cancelled")]
    Task Cancelled();

    [Alias("Context")]
    Task<string?> Context(string key);

    [Alias("SetContext")]
    Task SetContext(string key, string value);

    [Alias("ContextOfNext")]
    Task<string?> ContextOfNext(string key);

    [Alias("Trace")]
    Task<string?> Trace();

    [Alias("Double")]
    ValueTask<int> Double(int value);

    [Alias("Double2")]
    Task<string> Double(string value);
}

public sealed class CallGrain(Gates gates) : Grain, ICallGrain
{
    private Basket _basket = new();

    public Task Wait(string gate) => gates.PassAsync(gate);

    public async Task WaitBriefly(string gate)
    {
        await gates.PassAsync(gate);
        gates.Note(gate + " done");
    }

    public async Task<string> WaitFor(string gate, CancellationToken token)
    {
        var cancelled = new TaskCompletionSource<string>();
        using var registration = token.Register(() => cancelled.SetResult(ReferenceEquals(TaskScheduler.Current, TaskScheduler.Default) ? "outside" : "in a turn"));
        _ = gates.PassAsync(gate);
        gates.Note(await cancelled.Task);
        await gates.PassAsync(gate + " cancelled");
        return "went on";
    }

    public Task Keep(Basket basket)
    {
        _basket = basket;
        return Task.CompletedTask;
    }

    public Task KeepShared(Basket basket) => Keep(basket);

    public Task<Basket> Kept() => Task.FromResult(_basket);

    public Task<bool> IsKept(Basket basket) => Task.FromResult(ReferenceEquals(basket, _basket));

    public async Task Throw(string message)
    {
        await Task.Yield();
        throw new RefusedException(message);
    }

    public Task ThrowFault() => throw new ControlException("test-fault", "It fails.", new FieldError("field", "is wrong", 7, 3));

    public Task<int> ThrowAtOnce() => throw new RefusedException("at once");

    public async Task Cancelled()
    {
        await Task.Yield();
        throw new OperationCanceledException("The grain gave up.");
    }

    public Task<string?> Context(string key) => Task.FromResult((string?)RequestContext.Get(key));

    public Task SetContext(string key, string value)
    {
        RequestContext.Set(key, value);
        return Task.CompletedTask;
    }

    public async Task<string?> ContextOfNext(string key)
    {
        await Task.Yield();
        return await GrainFactory.GetGrain<ICallGrain>("next").Context(key);
    }

    public Task<string?> Trace() => Task.FromResult(Activity.Current?.Id);

    public ValueTask<int> Double(int value) => ValueTask.FromResult(value * 2);

    public Task<string> Double(string value) => Task.FromResult(value + value);
}

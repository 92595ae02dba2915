using Orleans;
using Orleans.Concurrency;

namespace Control.Runtime.Tests.Grains;

[Alias("test.scripted")]
public interface IScriptedGrain : IGrainWithStringKey
{
    [Alias("Step")]
    Task Step(string name);

    [Alias("Between"), AlwaysInterleave]
    Task Between(string name);

    [Alias("Read"), ReadOnly]
    Task Read(string name);

    [Alias("Note")]
    ValueTask Note(string what);

    [Alias("End")]
    Task End();

    [Alias("Incarnation")]
    Task<Guid> Incarnation();
}

/// <summary>Does what the test says at the test's pace: every step notes its begin, waits at its gate and notes its end.</summary>
public class ScriptedGrain(Gates gates) : Grain, IScriptedGrain
{
    private readonly Guid _incarnation = Guid.NewGuid();

    public Task Step(string name) => PassAsync(name);

    public Task Between(string name) => PassAsync(name);

    public Task Read(string name) => PassAsync(name);

    public ValueTask Note(string what)
    {
        gates.Note(what);
        return ValueTask.CompletedTask;
    }

    public Task End()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task<Guid> Incarnation() => Task.FromResult(_incarnation);

    private async Task PassAsync(string name)
    {
        gates.Note(name + " begins");
        await gates.PassAsync(name);
        gates.Note(name + " ends");
    }
}

[Alias("test.reentrant")]
public interface IReentrantGrain : IScriptedGrain
{
    [Alias("Pressure")]
    Task<int> Pressure();
}

[Reentrant]
public sealed class ReentrantGrain(Gates gates) : ScriptedGrain(gates), IReentrantGrain
{
    private bool _inTurn;
    private int _count;

    /// <summary>Gives the number of calls, and fails if another turn runs at the same time on another thread.</summary>
    public async Task<int> Pressure()
    {
        for (var i = 0; i < 3; i++)
        {
            if (_inTurn) throw new InvalidOperationException("Two turns overlap.");
            _inTurn = true;
            var count = _count;
            Thread.SpinWait(50);
            _count = count + 1;
            _inTurn = false;
            await Task.Yield();
        }

        return _count;
    }
}

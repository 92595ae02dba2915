using System.Collections.Concurrent;
using Orleans;

namespace Control.Grains.Tests.Silos;

/// <summary>Stands between callers and grains: fails calls, holds them up, and tells when they come.</summary>
internal sealed class CallFilter : IIncomingGrainCallFilter
{
    private readonly ConcurrentDictionary<string, ConcurrentQueue<Func<IIncomingGrainCallContext, Task>>> _scripts = new();
    private readonly ConcurrentDictionary<string, int> _counts = new();
    private readonly ConcurrentQueue<(string Method, int Count, TaskCompletionSource Reached)> _waits = new();

    public Task Invoke(IIncomingGrainCallContext context)
    {
        var method = $"{context.InterfaceMethod.DeclaringType!.Name}.{context.MethodName}";
        var count = _counts.AddOrUpdate(method, 1, (_, n) => n + 1);
        var task = _scripts.TryGetValue(method, out var scripts) && scripts.TryDequeue(out var script) ? script(context) : context.Invoke();
        foreach (var wait in _waits.Where(wait => wait.Method == method && wait.Count <= count))
        {
            // After the call has begun: up to its first pause its work is done.
            wait.Reached.TrySetResult();
        }

        return task;
    }

    public int Count(string method) => _counts.GetValueOrDefault(method);

    /// <summary>Ends when so many more calls have begun.</summary>
    public Task Begun(string method, int more = 1)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waits.Enqueue((method, Count(method) + more, reached));
        return reached.Task.WaitAsync(World.Limit);
    }

    /// <summary>The next call fails without reaching its grain.</summary>
    public void FailNext(string method) => Script(method, _ => Task.FromException(new ControlException("injected", "The test wanted it so.")));

    /// <summary>The next call is carried out, and its answer is lost.</summary>
    public void LoseNextAnswer(string method) => Script(method, async context =>
    {
        await context.Invoke();
        throw new ControlException("injected", "The test wanted it so.");
    });

    /// <summary>The next call waits until the source is completed.</summary>
    public TaskCompletionSource HoldNext(string method)
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Script(method, async context =>
        {
            await gate.Task;
            await context.Invoke();
        });
        return gate;
    }

    /// <summary>No more faults.</summary>
    public void Clear() => _scripts.Clear();

    private void Script(string method, Func<IIncomingGrainCallContext, Task> script) =>
        _scripts.GetOrAdd(method, _ => new()).Enqueue(script);
}

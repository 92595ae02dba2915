using System.Globalization;
using System.Text;
using Control.Agent.Jobs;
using Control.Agent.Processes;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;

namespace Control.Agent.Executors;

/// <summary>
/// Runs no processes: what a step would do stands in its environment. For load benches and for tests of everything around a
/// job; an agent has it only when it is started with it.
/// <list type="table">
/// <item><term><c>DUMMY_LOG_LINES</c></term><description>Lines of output.</description></item>
/// <item><term><c>DUMMY_PRINT</c></term><description>Names of variables to write the values of, each on a line.</description></item>
/// <item><term><c>DUMMY_SLEEP</c></term><description>Seconds to wait, such as 0.5.</description></item>
/// <item><term><c>DUMMY_OUTPUT</c></term><description>A line for the outputs file.</description></item>
/// <item><term><c>DUMMY_HANG</c></term><description>1 waits until the job is ended.</description></item>
/// <item><term><c>DUMMY_FAULT</c></term><description>A message: the agent cannot do its part.</description></item>
/// <item><term><c>DUMMY_EXIT</c></term><description>The exit code.</description></item>
/// </list>
/// They happen in this order.
/// </summary>
internal sealed class DummyExecutor(JobOrder order, TimeProvider time) : IExecutor
{
    private readonly StringBuilder _outputs = new();
    private bool _isHanging;

    /// <inheritdoc/>
    public async Task<JobResult> RunAsync(CancellationToken cancellationToken)
    {
        for (var i = 0; i < order.Assignment.Steps.Length; i++)
        {
            if (await StepAsync(i + 1, order.Assignment.Steps[i], cancellationToken).ConfigureAwait(false) is { } failure)
            {
                return failure;
            }
        }

        return JobResult.Success;
    }

    /// <inheritdoc/>
    public Task<CleanupView> EndAsync(TimeSpan grace) => Task.FromResult(_isHanging ? new CleanupView(1, 0, 1, 0, 0) : Extinction.OfNothing);

    /// <inheritdoc/>
    public Task<byte[]?> ReadOutputsAsync(int limit)
    {
        var bytes = Encoding.UTF8.GetBytes(_outputs.ToString());
        return Task.FromResult<byte[]?>(bytes[..Math.Min(bytes.Length, limit)]);
    }

    /// <inheritdoc/>
    public Task RemoveAsync() => Task.CompletedTask;

    private async Task<JobResult?> StepAsync(int number, StepSpec step, CancellationToken cancellationToken)
    {
        var environment = StepEnvironment.Of(order, step, [], "outputs", "work", "secrets");
        order.Log.WriteLine($"step {number}: {step.Name}");
        Write(environment);
        _isHanging = true;
        using var timeout = step.TimeoutSeconds > 0 ? new CancellationTokenSource(TimeSpan.FromSeconds(step.TimeoutSeconds), time) : new CancellationTokenSource();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await WaitAsync(environment, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return JobResult.Failure(Reasons.TimedOut, $"The step {number} ran longer than its {step.TimeoutSeconds} s.");
        }

        _isHanging = false;
        if (environment.TryGetValue("DUMMY_FAULT", out var fault))
        {
            throw new IOException(fault);
        }

        var code = (int)Number(environment, "DUMMY_EXIT");
        order.Log.WriteLine($"step {number} ended with {code}");
        return code == 0 ? null : JobResult.Failure(Reasons.StepFailed, $"The step {number} ended with exit code {code}.", code);
    }

    private void Write(Dictionary<string, string> environment)
    {
        for (var line = 1; line <= Number(environment, "DUMMY_LOG_LINES"); line++)
        {
            order.Log.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"line {line}\n")));
        }

        foreach (var name in environment.GetValueOrDefault("DUMMY_PRINT", "").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            order.Log.Write(Encoding.UTF8.GetBytes(environment.GetValueOrDefault(name, "") + "\n"));
        }

        if (environment.TryGetValue("DUMMY_OUTPUT", out var output))
        {
            _outputs.Append(output).Append('\n');
        }
    }

    private async Task WaitAsync(Dictionary<string, string> environment, CancellationToken cancellationToken)
    {
        if (Number(environment, "DUMMY_SLEEP") is > 0 and var seconds)
        {
            await Task.Delay(TimeSpan.FromSeconds(seconds), time, cancellationToken).ConfigureAwait(false);
        }

        if (Number(environment, "DUMMY_HANG") != 0)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private static double Number(Dictionary<string, string> environment, string name) =>
        environment.TryGetValue(name, out var text) && double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : 0;
}

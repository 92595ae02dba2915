using Control.Agent.Processes;
using Control.Demo;

// The agent inside starts this program again as its reaper.
if (args is [ReaperProcess.Verb, .. var rest])
{
    return await ReaperProcess.RunAsync(rest, Console.OpenStandardInput());
}

var sample = args is [var folder] ? folder : throw new ArgumentException("Usage: demo FOLDER, the folder of the sample program.");
using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5), TimeProvider.System);
await using var stage = await DemoStage.SetAsync(sample, limit.Token);
return await new DemoRun(stage, Console.Out).PlayAsync(limit.Token);

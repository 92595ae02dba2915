using System.Collections.Immutable;
using System.Diagnostics;
using Control.Agent.Processes;
using Control.Contracts.Agents;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Control.Agent.Tests;

/// <summary>A fake server with an agent that has joined it, in this process, with a reaper of its own.</summary>
internal sealed class TestAgent : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("control-agent-test-");
    private int _pipes;

    private TestAgent(FakeServer server)
    {
        Server = server;
        // Jobs with users of their own pass through it to their work folders and to the pipes.
        File.SetUnixFileMode(_folder.FullName, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
    }

    public FakeServer Server { get; }

    public AgentHost Host { get; private set; } = null!;

    public string State => Path.Combine(_folder.FullName, "state");

    /// <summary>Where jobs work.</summary>
    public string Work => Path.Combine(_folder.FullName, "work");

    /// <summary>A folder for what tests share with jobs.</summary>
    public string Folder => _folder.FullName;

    public static async Task<TestAgent> StartAsync(Action<AgentOptions>? configure = null, TimeProvider? time = null)
    {
        var agent = new TestAgent(await FakeServer.StartAsync());
        agent.Host = agent.Create(configure, time);
        await agent.Host.StartAsync(CancellationToken.None);
        await agent.Host.Joined;
        return agent;
    }

    /// <summary>Only the server; the test starts agents.</summary>
    public static async Task<TestAgent> ServerOnlyAsync()
    {
        var agent = new TestAgent(await FakeServer.StartAsync());
        agent.Host = agent.Create();
        return agent;
    }

    public AgentHost Create(Action<AgentOptions>? configure = null, TimeProvider? time = null, ILoggerFactory? loggers = null)
    {
        var options = new AgentOptions
        {
            Server = Server.Url,
            StateDirectory = State,
            WorkDirectory = Work,
            JoinToken = Server.Token,
            Name = FakeServer.AgentName,
            StopGrace = TimeSpan.FromSeconds(1),
            ReaperCommand = [Program.Path, ReaperProcess.Verb],
        };
        configure?.Invoke(options);
        return new AgentHost(options, time ?? TimeProvider.System, loggers ?? NullLoggerFactory.Instance);
    }

    /// <summary>Orders a job of one step per script.</summary>
    public AssignmentMessage Run(params string[] scripts) => Run(assignment => assignment, scripts);

    public AssignmentMessage Run(Func<Assignment, Assignment> change, params string[] scripts)
    {
        var message = Job(change, scripts);
        Server.Order(message);
        return message;
    }

    public static AssignmentMessage Job(Func<Assignment, Assignment> change, params string[] scripts)
    {
        var attempt = AttemptId.Parse($"team/build/{Random.Shared.Next(1, int.MaxValue)}/test.unit/1");
        var steps = scripts.Select((script, i) => new StepSpec($"s{i + 1}", script, "sh", "", [], 0));
        var assignment = new Assignment(attempt, 1, new AgentId(FakeServer.AgentName), [], [], [.. steps], [], null, 600, 120, 1 << 20, null);
        return new AssignmentMessage(change(assignment), ImmutableSortedDictionary<string, string>.Empty, null, null, []);
    }

    /// <summary>A named pipe that a job's processes keep open: it ends when the last of them does.</summary>
    public LifeLine CreateLifeLine() => new(Path.Combine(_folder.FullName, $"pipe-{++_pipes}"));

    /// <summary>A named pipe that a job's script waits at.</summary>
    public Gate CreateGate() => new(Path.Combine(_folder.FullName, $"pipe-{++_pipes}"));

    /// <summary>Kills an agent that is a process of its own while a script's processes run; returns once all of them are gone.</summary>
    public async Task KillAgentProcessWhileAsync(string script)
    {
        using var process = Process.Start(Program.Path, [Program.AgentVerb, Server.Url.ToString(), State, Work, Server.Token]);
        var life = CreateLifeLine();
        Run($"{life.Hold}\n{script}\necho all >&9; wait");
        Assert.Equal("ready", await life.ReadLineAsync());
        Assert.Equal("all", await life.ReadLineAsync());
        Assert.Equal(0, Libc.Kill(process.Id, Libc.SigKill));
        await life.EndAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Host.StopAsync(CancellationToken.None);
        Host.Dispose();
        await Server.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}

/// <summary>Tells without polling when processes live and when the last of them is gone.</summary>
internal sealed class LifeLine
{
    private readonly Task<StreamReader> _reader;

    public LifeLine(string path)
    {
        Path = path;
        NamedPipe.Make(path);
        // Opening a named pipe waits for a writer.
        _reader = Task.Factory.StartNew(() => new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite)), TaskCreationOptions.LongRunning);
    }

    public string Path { get; }

    /// <summary>Shell text that ties a script and all it starts to the line, and says so.</summary>
    public string Hold => $"exec 9>{Path}; echo ready >&9;";

    /// <summary>The next line the processes write to it.</summary>
    public async Task<string?> ReadLineAsync()
    {
        var reader = await _reader.WaitAsync(TimeSpan.FromSeconds(30));
        return await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>Throws unless every process that held it is gone, or goes within the time.</summary>
    public async Task EndAsync(int seconds = 30)
    {
        var reader = await _reader.WaitAsync(TimeSpan.FromSeconds(seconds));
        await Task.Run(reader.ReadToEnd).WaitAsync(TimeSpan.FromSeconds(seconds));
    }
}

/// <summary>Holds a script up until the test opens it.</summary>
internal sealed class Gate
{
    private readonly string _path;

    public Gate(string path)
    {
        _path = path;
        NamedPipe.Make(path);
    }

    /// <summary>Shell text that waits.</summary>
    public string Wait => $"read -r go < {_path};";

    /// <summary>Lets the script go on, waiting for it to arrive.</summary>
    public Task OpenAsync() => Task.Run(() => File.AppendAllText(_path, "go\n")).WaitAsync(TimeSpan.FromSeconds(30));
}

internal static class NamedPipe
{
    public static void Make(string path)
    {
        using var make = System.Diagnostics.Process.Start("mkfifo", ["-m", "666", path]);
        make.WaitForExit();
    }
}

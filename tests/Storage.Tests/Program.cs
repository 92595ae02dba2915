using Control.Contracts.Runs;
using Control.Storage.Commits;
using Microsoft.Extensions.Logging.Abstractions;

namespace Control.Storage.Tests;

/// <summary>
/// Commits and appends to logs until killed, and says so on standard output once each is acknowledged:
/// <c>commit key version</c> or <c>log attempt length</c>. With <c>rotate</c> behind the folder it rotates the key of the
/// secrets again and again instead, and says when a key was added and when all secrets are sealed with it.
/// <see cref="Variable"/> names a PostgreSQL instead of the SQLite in the folder.
/// </summary>
internal static class Program
{
    public const string Variable = "CONTROL_TEST_CONNECTION";

    private const int Writers = 8;

    public static async Task Main(string[] args)
    {
        var options = new StorageOptions { DataDirectory = args[0], Database = Environment.GetEnvironmentVariable(Variable) };
        using var store = ControlStore.Open(options, TimeProvider.System, NullLoggerFactory.Instance);
        await (args is [_, "rotate"] ? RotateAsync(store) : WriteAsync(store));
    }

    private static async Task RotateAsync(ControlStore store)
    {
        for (var round = 0; round < 40; round++)
        {
            Console.WriteLine($"added {await store.Rotation.RotateAsync()}");
            Console.WriteLine($"sealed {(await store.Rotation.ResealAsync()).Count}");
        }
    }

    private static async Task WriteAsync(ControlStore store)
    {
        await Task.WhenAll(Enumerable.Range(1, Writers).SelectMany(number => new[] { CommitAsync(store.Commits, number), AppendAsync(store, number) }));
    }

    private static async Task CommitAsync(CommitStore commits, int number)
    {
        var key = Make.Key($"w/p/{number}");
        for (var version = 0L; ; version++)
        {
            await commits.CommitAsync(Make.Commit(key, version) with { Events = [Make.Event()] });
            Console.WriteLine($"commit {key.Key} {version + 1}");
        }
    }

    private static async Task AppendAsync(ControlStore store, int number)
    {
        var attempt = AttemptId.Parse($"w/p/{number}/s.j/1");
        for (var length = 0L; ;)
        {
            length = (await store.Logs.AppendAsync(attempt, length, new byte[1000])).Length;
            Console.WriteLine($"log {attempt} {length}");
        }
    }
}

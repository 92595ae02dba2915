using Control.Contracts.Errors;
using Control.Storage.Commits;
using Control.Storage.Idempotency;
using Control.Storage.Logs;
using Control.Storage.Queries;
using Control.Storage.Queries.Events;
using Control.Storage.Queries.Logs;
using Control.Storage.Queries.Subjects;
using Control.Storage.Secrets;
using Control.Storage.Signals;
using Control.Storage.Work;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Control.Storage.Tests;

public sealed class StorageOptionsTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("control-options-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Validate_Defaults_OnlyTheDirectoryIsMissing() =>
        Assert.Equal(nameof(StorageOptions.DataDirectory), Assert.Single(new StorageOptions().Validate()).Field);

    [Fact]
    public void Validate_EverythingOutOfRange_EveryFieldNamedAtOnce()
    {
        var options = new StorageOptions { GatherWindow = TimeSpan.FromSeconds(1), MaxBatchCount = 0, MaxBatchBytes = 0, QueueLimit = 0, LogQueueLimit = 0, MaxReaders = 0 };
        Assert.Equal(7, options.Validate().Count);
    }

    [Fact]
    public async Task AddControlStorage_HostStarts_OpensTheStore()
    {
        var data = Path.Combine(_directory.FullName, "new", "data");
        using var provider = new ServiceCollection()
            .AddControlStorage(options => options.DataDirectory = data)
            .AddControlQueries()
            .BuildServiceProvider();
        foreach (var hosted in provider.GetServices<IHostedService>())
            await hosted.StartAsync(CancellationToken.None);
        Assert.True(File.Exists(Path.Combine(data, "control.db")));
        foreach (var type in new[]
        {
            typeof(CommitStore), typeof(WorkIndex), typeof(LogStore), typeof(IdempotencyStore), typeof(SecretBox),
            typeof(ChangeSignal), typeof(SubjectQueries), typeof(EventReader), typeof(LogReader),
        })
            Assert.NotNull(provider.GetRequiredService(type));
    }

    [Fact]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public async Task Open_DirectoryThatOthersMayEnter_FilesAreTheOwnersAlone()
    {
        File.SetUnixFileMode(_directory.FullName, (UnixFileMode)0b111_101_101);
        using var store = ControlStore.Open(new StorageOptions { DataDirectory = _directory.FullName }, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);
        await store.Commits.CommitAsync(Make.Commit(Make.Key("w/p/1"), 0));
        Assert.All(_directory.GetFiles(), file => Assert.Equal((file.Name, UnixFileMode.UserRead | UnixFileMode.UserWrite), (file.Name, file.UnixFileMode)));
        Assert.Contains(_directory.GetFiles(), file => file.Name == "control.db-wal");
    }

    [Fact]
    public void AddControlStorage_BadOptions_StartFailsWithCure()
    {
        using var provider = new ServiceCollection().AddControlStorage(_ => { }).BuildServiceProvider();
        var error = Assert.Throws<ControlException>(() => { _ = provider.GetServices<IHostedService>().Single().StartAsync(CancellationToken.None); });
        Assert.Equal("bad-options", error.Code);
        Assert.Contains("/var/lib/control", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_DirectoryCannotBeMade_RefusedWithCure()
    {
        var file = Path.Combine(_directory.FullName, "file");
        File.WriteAllText(file, "");
        using var provider = new ServiceCollection().AddControlStorage(options => options.DataDirectory = Path.Combine(file, "data")).BuildServiceProvider();
        Assert.Equal("storage-unavailable", Assert.Throws<ControlException>(provider.GetRequiredService<ControlStore>).Code);
    }
}

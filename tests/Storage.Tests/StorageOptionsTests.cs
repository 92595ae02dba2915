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
        var options = new StorageOptions { GatherWindow = TimeSpan.FromSeconds(1), MaxBatchCount = 0, MaxBatchBytes = 0, QueueLimit = 0, LogQueueLimit = 0, MaxReaders = 0, RetryFor = TimeSpan.FromHours(1) };
        Assert.Equal(8, options.Validate().Count);
    }

    [Theory]
    [InlineData("postgres://control:hunter2@db/control")]
    [InlineData("Host=db;Password=hunter2")]
    [InlineData("Host=db;Database=c;Password=a;hunter2=b")]
    [InlineData("Host=db;Database=c;Password=hunter2;Search Path=a; DROP TABLE b")]
    [InlineData("Host=db;Database=c;Password=hunter2;Port=many")]
    [InlineData("Host=db;Database=c;Password=hunter2;Search Path=Upper")]
    public void Validate_BadDatabase_CureWithoutItsText(string database)
    {
        var error = Assert.Single(new StorageOptions { DataDirectory = "/d", Database = database }.Validate());
        Assert.Equal(nameof(StorageOptions.Database), error.Field);
        Assert.DoesNotContain("hunter2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_NoPostgresThere_ToldWithoutThePassword()
    {
        var options = new StorageOptions { DataDirectory = _directory.FullName, Database = "Host=127.0.0.1;Port=1;Database=c;Username=u;Password=hunter2" };
        var error = Assert.Throws<ControlException>(() => ControlStore.Open(options, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance));
        Assert.Equal("storage-unavailable", error.Code);
        Assert.DoesNotContain("hunter2", error.ToString(), StringComparison.Ordinal);
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

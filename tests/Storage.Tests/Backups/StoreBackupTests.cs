using System.Text.Json;
using Control.Contracts.Errors;
using Control.Contracts.Runs;
using Control.Storage.Backups;
using Control.Storage.Commits;
using Control.Storage.Secrets;

namespace Control.Storage.Tests.Backups;

public sealed class StoreBackupTests : IDisposable
{
    private const string Passphrase = "once upon a midnight dreary";
    private static readonly SubjectKey Run = Make.Key("w/p/1");
    private readonly TestStore _test = new(isSqlite: true);
    private readonly string _folder = Directory.CreateTempSubdirectory("control-backup-").FullName;

    private string Backup => Path.Combine(_folder, "backup");

    private string Data => Path.Combine(_folder, "data");

    public void Dispose()
    {
        _test.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Restore_OfARunningStore_IsAsItWasAndAnotherOne()
    {
        await _test.Commits.CommitAsync(Make.Commit(Run, 0));
        var generation = await _test.Store.NextGenerationAsync();
        StoreBackup.Write(_test.Path, Backup, TimeProvider.System, Passphrase);
        await _test.Commits.CommitAsync(Make.Commit(Run, 1));

        StoreBackup.Restore(Backup, Data, Passphrase, TimeProvider.System);
        using var restored = Open(Data);
        Assert.Equal(1, (await restored.Commits.LoadAsync(Run))!.Version);
        Assert.NotEqual(_test.Store.Incarnation, restored.Incarnation);
        Assert.True(await restored.NextGenerationAsync() > generation + 100_000);
        Assert.Equal(restored.Secrets.Open(_test.Store.Secrets.Seal("s"u8, "c"), "c"), "s"u8.ToArray());
    }

    [Fact]
    public async Task Write_WhileManyCommit_IsOneMoment()
    {
        using var ending = new CancellationTokenSource();
        SubjectKey[] subjects = [.. Enumerable.Range(0, 4).Select(number => Make.Key($"w/p/{number}"))];
        foreach (var subject in subjects) await CommitAsync(subject, 0);
        Task[] writers = [.. subjects.Select(subject => WriteAsync(subject, ending.Token))];
        for (var i = 0; i < 5; i++)
        {
            var backup = $"{Backup}-{i}";
            StoreBackup.Write(_test.Path, backup, TimeProvider.System, Passphrase);
            StoreBackup.Restore(backup, $"{Data}-{i}", Passphrase, TimeProvider.System);
            using var restored = Open($"{Data}-{i}");
            // Each commit has one event: neither is there without the other.
            foreach (var subject in subjects)
            {
                var row = (await restored.Commits.LoadAsync(subject))!;
                Assert.Equal(row.Version, row.LastSequence);
            }
        }

        await ending.CancelAsync();
        await Task.WhenAll(writers);
    }

    [Fact]
    public void Write_Files_AreTheOwnersOnly()
    {
        StoreBackup.Write(_test.Path, Backup, TimeProvider.System, Passphrase);
        Assert.All(Directory.GetFiles(Backup), file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Backup));
    }

    [Fact]
    public void Write_FolderThatIsThere_IsRefusedAndLeftAlone()
    {
        Directory.CreateDirectory(Backup);
        Assert.Equal("backup-exists", Refusal(() => StoreBackup.Write(_test.Path, Backup, TimeProvider.System)));
        Assert.Empty(Directory.GetFileSystemEntries(Backup));
    }

    [Fact]
    public void Write_FolderWithoutAStore_SaysSo() =>
        Assert.Equal("no-store", Refusal(() => StoreBackup.Write(_folder, Backup, TimeProvider.System)));

    [Fact]
    public void Restore_OverAStoreThatRuns_IsRefused()
    {
        StoreBackup.Write(_test.Path, Backup, TimeProvider.System, Passphrase);
        Assert.Equal("restore-not-empty", Refusal(() => StoreBackup.Restore(Backup, _test.Path, Passphrase, TimeProvider.System)));
        Assert.Equal("restore-not-empty", Refusal(() => StoreBackup.Restore(Backup, _test.Path, null, TimeProvider.System)));
    }

    [Fact]
    public void Restore_OverOtherKeys_IsRefused()
    {
        StoreBackup.Write(_test.Path, Backup, TimeProvider.System, Passphrase);
        Directory.CreateDirectory(Data);
        SecretBox.EnsureKeyFile(Data);
        Assert.Equal("restore-not-empty", Refusal(() => StoreBackup.Restore(Backup, Data, Passphrase, TimeProvider.System)));
        Assert.Single(Directory.GetFileSystemEntries(Data));
    }

    [Fact]
    public void Write_WithAPassphrase_ShowsNoKey()
    {
        StoreBackup.Write(_test.Path, Backup, TimeProvider.System, Passphrase);
        var key = JsonDocument.Parse(File.ReadAllText(Path.Combine(_test.Path, "secret-keys.json"))).RootElement.GetProperty("keys")[0].GetProperty("key").GetString()!;
        foreach (var file in Directory.GetFiles(Backup).Select(File.ReadAllBytes))
        {
            Assert.Equal(-1, file.AsSpan().IndexOf(Convert.FromBase64String(key)));
            Assert.Equal(-1, file.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(key)));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("eleven char")]
    public void Write_ShortPassphrase_IsRefusedAndLeavesNothing(string passphrase)
    {
        Assert.Equal("backup-passphrase", Refusal(() => StoreBackup.Write(_test.Path, Backup, TimeProvider.System, passphrase)));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void Write_OnPostgres_HasTheKeysOnlyAndTakesAPassphrase()
    {
        Assert.Equal("backup-passphrase", Refusal(() => StoreBackup.Write(_test.Path, Backup, TimeProvider.System, hasDatabases: false)));
        StoreBackup.Write(_test.Path, Backup, TimeProvider.System, Passphrase, hasDatabases: false);
        StoreBackup.Restore(Backup, Data, Passphrase, TimeProvider.System);
        Assert.Equal(File.ReadAllText(Path.Combine(_test.Path, "secret-keys.json")), File.ReadAllText(Path.Combine(Data, "secret-keys.json")));
        Assert.Single(Directory.GetFileSystemEntries(Data));
    }

    [Theory]
    [InlineData(null, "no-keys")]
    [InlineData("another one than that", "backup-passphrase")]
    public void Restore_WithoutTheKeysPassphrase_IsRefusedBeforeAnythingIsWritten(string? passphrase, string code)
    {
        StoreBackup.Write(_test.Path, Backup, TimeProvider.System, Passphrase);
        Assert.Equal(code, Refusal(() => StoreBackup.Restore(Backup, Data, passphrase, TimeProvider.System)));
        Assert.False(Directory.Exists(Data));
    }

    [Fact]
    public void Restore_BackupWithoutKeys_TakesThoseOfTheDataFolder()
    {
        StoreBackup.Write(_test.Path, Backup, TimeProvider.System);
        Assert.Equal("no-keys", Refusal(() => StoreBackup.Restore(Backup, Data, null, TimeProvider.System)));
        Directory.CreateDirectory(Data);
        File.Copy(Path.Combine(_test.Path, "secret-keys.json"), Path.Combine(Data, "secret-keys.json"));
        StoreBackup.Restore(Backup, Data, null, TimeProvider.System);
        using var restored = Open(Data);
        Assert.Equal(restored.Secrets.Open(_test.Store.Secrets.Seal("s"u8, "c"), "c"), "s"u8.ToArray());
    }

    [Fact]
    public async Task Restore_Logs_KeepsThoseOfAttemptsGivenOutAndForgetsLaterOnes()
    {
        var run = RunId.Parse("w/p/1");
        await _test.Commits.CommitAsync(Make.Commit(Run, 0) with { Children = [Make.Child("build.a/1"), Make.Child("build.b/1") with { Fence = 0 }] });
        AttemptId kept = new(run, JobKey.Parse("build.a"), 1), queued = new(run, JobKey.Parse("build.b"), 1), unknown = new(RunId.Parse("w/p/2"), JobKey.Parse("build.a"), 1);
        foreach (var attempt in (AttemptId[])[kept, queued, unknown]) await _test.Store.Logs.AppendAsync(attempt, 0, "said"u8.ToArray());
        StoreBackup.Write(_test.Path, Backup, TimeProvider.System, Passphrase);
        StoreBackup.Restore(Backup, Data, Passphrase, TimeProvider.System);
        using var restored = Open(Data);
        long[] lengths = [await restored.Logs.LengthAsync(kept), await restored.Logs.LengthAsync(queued), await restored.Logs.LengthAsync(unknown)];
        Assert.Equal([4, 0, 0], lengths);
    }

    [Fact]
    public void Restore_OfANewerProgram_IsRefusedAndNoServerStartsOnIt()
    {
        _test.Sql("INSERT INTO migrations (number, name, checksum, applied_at) VALUES (999, 'later', 'x', 0)");
        StoreBackup.Write(_test.Path, Backup, TimeProvider.System, Passphrase);
        Assert.Equal("storage-too-new", Refusal(() => StoreBackup.Restore(Backup, Data, Passphrase, TimeProvider.System)));
        Assert.Equal("restore-unfinished", Refusal(() => Open(Data)));
        Assert.Equal("restore-not-empty", Refusal(() => StoreBackup.Restore(Backup, Data, Passphrase, TimeProvider.System)));
    }

    [Fact]
    public void Renew_FolderWithoutAStore_SaysSoAndMakesNone()
    {
        Assert.Equal("no-store", Refusal(() => StoreBackup.Renew(new StorageOptions { DataDirectory = _folder })));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData("control.db", "changed")]
    [InlineData("logs.db", null)]
    [InlineData("backup.json", "{}")]
    [InlineData("backup.json", "nonsense")]
    [InlineData("backup.json", """{"format":2,"takenAt":"2026-01-01T00:00:00Z","files":[]}""")]
    [InlineData("backup.json", """{"format":1,"takenAt":"2026-01-01T00:00:00Z","files":[]}""")]
    [InlineData("backup.json", """{"format":1,"takenAt":"2026-01-01T00:00:00Z","files":[null]}""")]
    [InlineData("backup.json", """{"format":1,"takenAt":"2026-01-01T00:00:00Z","files":[{"name":"control.db","length":1,"sha256":""}]}""")]
    [InlineData("backup.json", """{"format":1,"takenAt":"2026-01-01T00:00:00Z","files":[{"name":"../control.db","length":1,"sha256":""}]}""")]
    [InlineData("keys.sealed", "changed")]
    public void Restore_DamagedBackup_IsRefusedBeforeAnythingIsWritten(string file, string? content)
    {
        StoreBackup.Write(_test.Path, Backup, TimeProvider.System, Passphrase);
        if (content is null) File.Delete(Path.Combine(Backup, file));
        else File.WriteAllText(Path.Combine(Backup, file), content);
        Assert.Equal("backup-invalid", Refusal(() => StoreBackup.Restore(Backup, Data, Passphrase, TimeProvider.System)));
        Assert.False(Directory.Exists(Data));
    }

    private async Task WriteAsync(SubjectKey subject, CancellationToken ending)
    {
        for (var version = 1L; !ending.IsCancellationRequested; version++) await CommitAsync(subject, version);
    }

    private Task CommitAsync(SubjectKey subject, long version) => _test.Commits.CommitAsync(Make.Commit(subject, version) with { Events = [Make.Event()] });

    private static string Refusal(Action act) => Assert.Throws<ControlException>(act).Code;

    private static ControlStore Open(string path) => ControlStore.Open(
        new StorageOptions { DataDirectory = path }, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);
}

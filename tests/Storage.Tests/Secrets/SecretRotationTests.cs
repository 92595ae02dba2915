using System.Collections.Immutable;
using System.Diagnostics;
using System.Text;
using Control.Contracts;
using Control.Contracts.Errors;
using Control.Contracts.Workspaces;
using Control.Storage.Commits;
using Control.Storage.Secrets;

namespace Control.Storage.Tests.Secrets;

public sealed class SecretRotationTests : IDisposable
{
    private readonly TestStore _test = new();

    private SecretBox Box => _test.Store.Secrets;

    private SecretRotation Rotation => _test.Store.Rotation;

    private string KeyFile => Path.Combine(_test.Path, "secret-keys.json");

    public void Dispose() => _test.Dispose();

    [Fact]
    public async Task Rotate_ByAnotherProcess_IsUsedAtOnceAndOpensWhatTheOtherSealed()
    {
        using var other = _test.Open();
        var old = other.Secrets.Seal("old"u8, "c");

        Assert.Equal(2, await Rotation.RotateAsync());

        Assert.Equal("new"u8.ToArray(), other.Secrets.Open(Box.Seal("new"u8, "c"), "c"));
        Assert.Equal(2u, SecretBox.KeyOf(other.Secrets.Seal("x"u8, "c")));
        Assert.Equal("old"u8.ToArray(), Box.Open(old, "c"));
        Assert.Equal(3, await other.Rotation.RotateAsync());
        Assert.Equal([1u, 2u, 3u], SecretKeyFile.Read(KeyFile).Select(key => key.Id));
    }

    [Fact]
    public async Task Reseal_SecretsOfWorkspacesAndPipelines_OpenAsBeforeAndNoneNeedsTheOldKey()
    {
        var owners = await SeedAsync(120);
        var document = _test.Sql("SELECT version, document FROM subjects ORDER BY id");
        await Rotation.RotateAsync();
        Assert.Equal([(1L, false, 480), (2L, true, 0)], await CountsAsync());

        var result = await Rotation.ResealAsync();

        Assert.Equal((480, 0), (result.Count, result.Unreadable.Length));
        Assert.Equal([(1L, false, 0), (2L, true, 480)], await CountsAsync());
        await AssertValuesAsync(owners, 120);
        Assert.Equal(document, _test.Sql("SELECT version, document FROM subjects ORDER BY id"));
        Assert.Equal(0, (await Rotation.ResealAsync()).Count);
    }

    [Fact]
    public async Task Reseal_WhileSecretsAreSetDeletedAndRead_LosesNone()
    {
        const int secrets = 60;
        var owners = await SeedAsync(secrets);
        using var done = new CancellationTokenSource();
        var (writer, reader) = (WriteAsync(), ReadAsync());
        for (var round = 0; round < 12; round++)
        {
            await Rotation.RotateAsync();
            await Rotation.ResealAsync();
        }

        await done.CancelAsync();
        var written = await writer;
        Assert.InRange(written.Count, 1, int.MaxValue);
        Assert.InRange(await reader, 1, int.MaxValue);
        await Rotation.ResealAsync();
        Assert.All(await CountsAsync(), use => Assert.True(use.IsCurrent || use.Secrets == 0));
        foreach (var (name, value) in written)
            Assert.Equal(value, await ValueAsync(owners[0], name));
        Assert.Equal((ChildStates.Deleted, "{}"), await _test.Commits.LoadChildAsync(owners[1], "s0") is { } row ? (row.State, row.Document) : default);

        async Task<Dictionary<string, string>> WriteAsync()
        {
            await Task.Yield();
            var values = new Dictionary<string, string>();
            var deleted = new ChildChange("s0", "secret", ChildStates.Deleted, null, null, 0, 0, "{}", null);
            for (var i = 0; !done.IsCancellationRequested; i++)
            {
                var name = $"s{i % secrets}";
                values[name] = $"new value {i}";
                await PutAsync(owners[0], i + 1, Row(owners[0], name, values[name]));
                await PutAsync(owners[1], i + 1, i % 2 == 0 ? deleted : Row(owners[1], "s0", "again"));
            }

            await PutAsync(owners[1], (await _test.Commits.LoadAsync(owners[1]))!.Version, deleted);
            return values;
        }

        async Task<int> ReadAsync()
        {
            await Task.Yield();
            var read = 0;
            for (; !done.IsCancellationRequested; read++)
                Assert.Equal($"value of {owners[2].Key}/s{read % secrets}", await ValueAsync(owners[2], $"s{read % secrets}"));
            return read;
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(7)]
    public async Task Reseal_ProcessKilledInBetween_NothingIsLostAndTheNextGoesOn(int lines)
    {
        const int secrets = 150;
        var owners = await SeedAsync(secrets);
        _test.Store.Dispose();
        await RunAndKillAsync(lines);

        _test.Reopen();

        await AssertValuesAsync(owners, secrets);
        var result = await Rotation.ResealAsync();
        Assert.Empty(result.Unreadable);
        Assert.All(await CountsAsync(), use => Assert.Equal(use.IsCurrent ? secrets * 4 : 0, use.Secrets));
        await AssertValuesAsync(owners, secrets);
    }

    [Fact]
    public async Task Reseal_DamagedSecret_IsLeftAloneNamedAndKeepsItsKey()
    {
        var owner = (await SeedAsync(3))[0];
        var sealedRow = ContractJson.Read<SealedSecret>((await _test.Commits.LoadChildAsync(owner, "s1"))!.Document);
        var damaged = Row(owner, "s1", "") with { Document = ContractJson.Write(sealedRow with { Sealed = sealedRow.Sealed.SetItem(40, (byte)(sealedRow.Sealed[40] ^ 1)) }) };
        await PutAsync(owner, 1, damaged);
        await Rotation.RotateAsync();

        var result = await Rotation.ResealAsync();

        Assert.Equal((11, "w1/s1"), (result.Count, Assert.Single(result.Unreadable)));
        Assert.Equal(damaged.Document, (await _test.Commits.LoadChildAsync(owner, "s1"))!.Document);
        Age();
        var refused = await Assert.ThrowsAsync<ControlException>(() => Rotation.RetireAsync());
        Assert.Equal("secret-keys-needed", refused.Code);
        Assert.Contains("1 secret(s) are sealed with key 1", refused.Message, StringComparison.Ordinal);

        await PutAsync(owner, 2, Row(owner, "s1", "set again"));
        Assert.Equal(1, await Rotation.RetireAsync());
    }

    [Fact]
    public async Task Retire_ADayLaterWithNothingLeft_RemovesTheOldKeysAndTheStoreStarts()
    {
        var owners = await SeedAsync(5);
        await Rotation.RotateAsync();
        Assert.Equal("secret-keys-needed", (await Assert.ThrowsAsync<ControlException>(() => Rotation.RetireAsync())).Code);
        Age();
        Assert.Equal("secret-keys-needed", (await Assert.ThrowsAsync<ControlException>(() => Rotation.RetireAsync())).Code);
        await Rotation.ResealAsync();

        Assert.Equal(1, await Rotation.RetireAsync());

        Assert.False(Rotation.HasOldKeys);
        Assert.Equal(2u, Assert.Single(SecretKeyFile.Read(KeyFile)).Id);
        Assert.Equal(0, await Rotation.RetireAsync());
        _test.Reopen();
        await AssertValuesAsync(owners, 5);
    }

    [Fact]
    public async Task Count_KeyThatIsLost_IsShownAsSuch()
    {
        await SeedAsync(2);
        await Rotation.RotateAsync();
        SecretKeyFile.Replace(KeyFile, [SecretKeyFile.Read(KeyFile)[1]]);
        Rotation.Refresh();

        var uses = await Rotation.CountAsync();

        Assert.Equal([(1L, false, 8), (2L, true, 0)], uses.Select(use => (use.Id, use.IsInFile, use.Secrets)));
        Assert.Equal(8, (await Rotation.ResealAsync()).Unreadable.Length);
    }

    [Fact]
    public async Task Rotate_StoreStartsWithTheOldFile_IsRefused()
    {
        var old = await File.ReadAllBytesAsync(KeyFile);
        await Rotation.RotateAsync();
        await File.WriteAllBytesAsync(KeyFile, old);

        Assert.Equal("secret-keys-missing", Assert.Throws<ControlException>(_test.Reopen).Code);
    }

    [Theory]
    [InlineData("gone", "secret-keys-missing")]
    [InlineData("foreign", "secret-keys-missing")]
    [InlineData("damaged", "secret-keys-invalid")]
    public async Task Refresh_FileSpoilt_GoesOnWithWhatItHadAndSaysSo(string how, string code)
    {
        await Rotation.RotateAsync();
        var box = Box.Seal("x"u8, "c");
        if (how == "gone")
            File.Delete(KeyFile);
        else if (how == "foreign")
            SecretKeyFile.Replace(KeyFile, [SecretKey.Create(1), SecretKey.Create(2), SecretKey.Create(3)]);
        else
            await File.WriteAllTextAsync(KeyFile, "{}");

        Assert.Equal(code, Assert.Throws<ControlException>(Rotation.Refresh).Code);
        Assert.Equal("x"u8.ToArray(), Box.Open(box, "c"));
        Assert.Equal(2u, SecretBox.KeyOf(Box.Seal("y"u8, "c")));
        await Assert.ThrowsAsync<ControlException>(() => Rotation.RotateAsync());
    }

    [Fact]
    public async Task Rotate_WhileAnotherProcessDoes_IsRefused()
    {
        using (SecretKeyFile.Lock(KeyFile))
            Assert.Equal("secret-keys-busy", (await Assert.ThrowsAsync<ControlException>(() => Rotation.RotateAsync())).Code);
        Assert.Equal(2, await Rotation.RotateAsync());
    }

    [Fact]
    public async Task Rotate_WithoutEnd_IsRefused()
    {
        for (var key = 2; key <= 64; key++)
            await Rotation.RotateAsync();
        Assert.Equal("secret-keys-too-many", (await Assert.ThrowsAsync<ControlException>(() => Rotation.RotateAsync())).Code);
        _test.Reopen();
        Assert.Equal(64, Rotation.CurrentKey);
    }

    private void Age() => SecretKeyFile.Replace(KeyFile, [.. SecretKeyFile.Read(KeyFile).Select(key => key with { Made = key.Made - SecretRotation.KeptFor })]);

    // Two workspaces and two pipelines with secrets called s0 and so on.
    private async Task<ImmutableArray<SubjectKey>> SeedAsync(int secrets)
    {
        ImmutableArray<SubjectKey> owners =
        [
            new(SubjectKinds.Workspace, "w1"), new(SubjectKinds.Workspace, "w2"), new(SubjectKinds.Pipeline, "w1/p1"), new(SubjectKinds.Pipeline, "w1/p2"),
        ];
        foreach (var owner in owners)
            await PutAsync(owner, 0, [.. Enumerable.Range(0, secrets).Select(i => Row(owner, $"s{i}", $"value of {owner.Key}/s{i}"))]);
        return owners;
    }

    private Task PutAsync(SubjectKey owner, long version, params ImmutableArray<ChildChange> rows) =>
        _test.Commits.CommitAsync(Make.Commit(owner, version) with { Children = rows });

    private ChildChange Row(SubjectKey owner, string name, string value)
    {
        var secret = new SealedSecret(name, SecretKind.Text, Box.Seal(Encoding.UTF8.GetBytes(value), $"{owner.Key}/{name}"));
        return new ChildChange(name, "secret", "stored", null, null, 0, 0, ContractJson.Write(secret), "{}");
    }

    private async Task<string> ValueAsync(SubjectKey owner, string name)
    {
        var secret = ContractJson.Read<SealedSecret>((await _test.Commits.LoadChildAsync(owner, name))!.Document);
        return Encoding.UTF8.GetString(Box.Open(secret.Sealed, $"{owner.Key}/{name}"));
    }

    private async Task AssertValuesAsync(ImmutableArray<SubjectKey> owners, int secrets)
    {
        foreach (var owner in owners)
        {
            for (var i = 0; i < secrets; i++)
                Assert.Equal($"value of {owner.Key}/s{i}", await ValueAsync(owner, $"s{i}"));
        }
    }

    private async Task<IEnumerable<(long Key, bool IsCurrent, int Secrets)>> CountsAsync() =>
        (await Rotation.CountAsync()).Select(use => (use.Id, use.IsCurrent, use.Secrets));

    private async Task RunAndKillAsync(int lines)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", typeof(Program).Assembly.Location, _test.Path, "rotate"]) { RedirectStandardOutput = true };
        start.Environment[Program.Variable] = _test.Database;
        using var process = Process.Start(start)!;
        for (var line = 0; line < lines; line++)
            Assert.NotNull(await process.StandardOutput.ReadLineAsync());
        process.Kill();
        await process.WaitForExitAsync();
        Assert.NotEqual(0, process.ExitCode);
    }
}

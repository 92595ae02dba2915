using System.CommandLine;
using Control.Cli.CommandLine;
using Control.Cli.Output;
using Control.Storage;
using Control.Storage.Backups;

namespace Control.Cli.Hosting;

/// <summary><c>control server backup</c>, <c>restore</c> and <c>restored</c>: on the server's machine.</summary>
internal static class BackupCommand
{
    /// <summary>Passphrases are far shorter.</summary>
    private const int MaxPassphraseBytes = 4096;

    public static Command Create(CommandFactory cli)
    {
        var data = ServerCommand.DataOption();
        var database = DatabaseOptions.Option();
        var to = new Option<string>("--to") { Description = "A folder that does not exist yet.", HelpName = "folder", Required = true };
        var passphrase = Passphrase("Seal the keys with the passphrase in this file, of 12 characters or more, and add them. Without it the backup has none.");
        return cli.Action("backup", "Copy the store and the sealed keys into a new folder; the server may be running.", [data, database, to, passphrase], (call, _) =>
        {
            var hasDatabases = DatabaseOptions.From(call.Get(database)) is null;
            var folder = Path.GetFullPath(call.Get(to)!);
            var words = ReadPassphrase(call, call.Get(passphrase));
            var manifest = StoreBackup.Write(ServerCommand.ExistingFolder(call.Get(data)!), folder, TimeProvider.System, words, hasDatabases);
            call.Output.Local(new { folder, manifest.TakenAt, manifest.Files }, Files.Render(manifest.Files, call.Output.Color));
            call.Output.Note(words is null
                ? "It has no keys: keep secret-keys.json, server.pem and silos.pem of the data folder too, apart from it. Without the first nobody opens the store's secrets."
                : "Its keys are sealed: keep the passphrase apart from it. Without both nobody opens the store's secrets.");
            if (!hasDatabases)
            {
                call.Output.Note("It has the keys only. The database is PostgreSQL's to back up: pg_dump, or its archive of write-ahead logs.");
            }

            return Task.FromResult(ExitCodes.Succeeded);
        });
    }

    public static Command CreateRestore(CommandFactory cli)
    {
        var data = ServerCommand.DataOption();
        var from = new Option<string>("--from") { Description = "A backup's folder.", HelpName = "folder", Required = true };
        var passphrase = Passphrase("The passphrase of the backup's keys is in this file. Not needed where the data folder has the keys already.");
        return cli.Action("restore", "Put a backup into a data folder that has no store; start the server on it afterwards.", [data, from, passphrase], (call, _) =>
        {
            var path = Path.GetFullPath(call.Get(data)!);
            // Also from a server whose store was moved away while it runs.
            using var held = DataFolder.Open(path);
            var manifest = StoreBackup.Restore(Path.GetFullPath(call.Get(from)!), path, ReadPassphrase(call, call.Get(passphrase)), TimeProvider.System);
            call.Output.Local(new { data = path, manifest.TakenAt, manifest.Files }, Files.Render(manifest.Files, call.Output.Color));
            call.Output.Note($"{path} is as it was at {Texts.Moment(manifest.TakenAt)}. What was done since is gone; agents end what they run and start anew.");
            call.Output.Note("An administrator's token: control server recover-admin");
            return Task.FromResult(ExitCodes.Succeeded);
        });
    }

    public static Command CreateRestored(CommandFactory cli)
    {
        var data = ServerCommand.DataOption();
        var database = DatabaseOptions.Option();
        return cli.Action(
            "restored",
            "Say that the store was put back to an earlier moment by other means, such as PostgreSQL's; with all servers stopped.",
            [data, database],
            (call, _) =>
            {
                var path = ServerCommand.ExistingFolder(call.Get(data)!);
                using var held = DataFolder.Open(path);
                StoreBackup.Renew(new StorageOptions { DataDirectory = path, Database = DatabaseOptions.From(call.Get(database))?.Connection });
                call.Output.Note("Whoever has seen more of the store than it knows now will notice: readers begin anew, agents end what they run.");
                return Task.FromResult(ExitCodes.Succeeded);
            });
    }

    private static Option<string?> Passphrase(string description) => new("--passphrase-file") { Description = description, HelpName = "file" };

    // The line end that an editor leaves is not part of it.
    private static string? ReadPassphrase(Call call, string? file) =>
        file is null ? null : Inputs.ReadText(call.Services, file, MaxPassphraseBytes).TrimEnd('\r', '\n');

    private static Table<BackupFile> Files { get; } = new(
        ("FILE", file => file.Name),
        ("BYTES", file => file.Length.ToString(CultureInfo.InvariantCulture)),
        ("SHA-256", file => file.Sha256));
}

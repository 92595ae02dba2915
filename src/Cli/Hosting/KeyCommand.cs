using System.CommandLine;
using Control.Cli.CommandLine;
using Control.Cli.Output;
using Control.Storage;
using Control.Storage.Secrets;
using Microsoft.Extensions.DependencyInjection;

namespace Control.Cli.Hosting;

/// <summary>
/// <c>control server key</c>: the keys that seal secrets, on the server's machine. Like a server, each call opens the store,
/// which is safe for several processes; the running server takes notice of what changed in the key file.
/// </summary>
internal static class KeyCommand
{
    public static Command Create(CommandFactory cli) => CommandFactory.Group(
        "key", "Keys that seal secrets in the store, on the server's machine; the server may be running or not.", List(cli), Rotate(cli), Retire(cli));

    private static Command List(CommandFactory cli) => Action(cli, "list", "List the keys and how many secrets each has sealed: how far a rotation is.", async (call, rotation, cancel) =>
    {
        var keys = await rotation.CountAsync(cancel);
        call.Output.Local(new { items = keys }, Keys(call.Now).Render(keys, call.Output.Color));
    });

    private static Command Rotate(CommandFactory cli) => Action(cli, "rotate", "Add a key and seal with it from now on.", async (call, rotation, cancel) =>
    {
        var key = await rotation.RotateAsync(cancel);
        call.Output.Local(new { key }, $"{key}\n");
        call.Output.Note($"Secrets are sealed with key {key} from now on. A running server seals the others anew within seconds, and others do when they are started;");
        call.Output.Note("'control server key list' shows how far that is. Back the key file up. A day later: control server key retire");
    });

    private static Command Retire(CommandFactory cli) => Action(cli, "retire", "Remove the old keys; refused while anything needs one.", async (call, rotation, cancel) =>
    {
        var count = await rotation.RetireAsync(cancel);
        call.Output.Local(new { retired = count }, $"{count}\n");
        call.Output.Note("Backups of the store from before the rotation need the old key file: keep it with them.");
    });

    private static Command Action(CommandFactory cli, string name, string description, Func<Call, SecretRotation, CancellationToken, Task> act)
    {
        var data = ServerCommand.DataOption();
        var database = DatabaseOptions.Option();
        return cli.Action(name, description, [data, database], async (call, cancel) =>
        {
            var path = ServerCommand.ExistingFolder(call.Get(data)!);
            var connection = DatabaseOptions.From(call.Get(database))?.Connection;
            await using var services = new ServiceCollection()
                .AddControlStorage(options => (options.DataDirectory, options.Database) = (path, connection)).BuildServiceProvider();
            await act(call, services.GetRequiredService<SecretRotation>(), cancel);
            return ExitCodes.Succeeded;
        });
    }

    private static Table<SecretKeyUse> Keys(DateTimeOffset now) => new(
        ("KEY", use => use.Id.ToString(CultureInfo.InvariantCulture)),
        ("STATE", use => use switch
        {
            { IsCurrent: true } => new Cell("current"),
            { IsInFile: true } => new Cell("old"),
            _ => new Cell("lost", Tone.Bad),
        }),
        ("SECRETS", use => use.Secrets.ToString(CultureInfo.InvariantCulture)),
        ("ADDED", use => use.Made is { } made ? Texts.Ago(made, now) : ""));
}

using Control.Contracts.Workspaces;
using Control.Grains.Workspaces;

namespace Control.Grains.Pipelines;

internal sealed partial class PipelineGrain
{
    public async Task<Outcome<SecretView>> PutSecret(PutSecret command)
    {
        using var turn = await TurnAsync();
        if (Live is not { } document)
        {
            return NotFound();
        }

        var (secret, names) = (command.Secret, document.Secrets ?? []);
        if (SecretRows.Check(secret, names, "A pipeline") is { } refusal)
        {
            return refusal;
        }

        var view = new SecretView(secret.Name, secret.Kind, Now, command.By);
        await Save(document with { Secrets = names.Add(secret.Name) }, command.By, SecretRows.Put(SecretKey(secret.Name), secret, view));
        return view;
    }

    public async Task<Outcome<Done>> DeleteSecret(string name, Actor by)
    {
        using var turn = await TurnAsync();
        if (Live is not { Secrets: { } names } document || !names.Contains(name))
        {
            return Refusal.NotFound($"The secret '{name}' of the pipeline {Id}");
        }

        await Save(document with { Secrets = names.Remove(name) }, by, DeletedSecret(name));
        return Done.Instance;
    }

    public Task<ImmutableArray<SealedSecret>> GetSecrets(ImmutableArray<string> names) =>
        SecretRows.LoadAsync(Store, Subject, names.Where(name => Live?.Secrets?.Contains(name) == true).Select(SecretKey));

    // Definitions are rows of the same owner; their keys are digits, which a secret's name may be too.
    private static string SecretKey(string name) => $"secret/{name}";

    private static ChildChange DeletedSecret(string name) => SecretRows.Deleted(SecretKey(name));
}

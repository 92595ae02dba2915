using Control.Agent.Jobs;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;

namespace Control.Agent.Executors.Containers;

/// <summary>Gets the images of an attempt.</summary>
internal sealed class ImageFetch(JobOrder order, EngineCalls calls, string folder)
{
    /// <summary>Null when the image is there; otherwise why not.</summary>
    /// <param name="container">Names the image.</param>
    /// <param name="variable">How the reserved variables of its registry are called.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<JobResult?> RunAsync(ContainerSpec container, Func<string, string> variable, CancellationToken cancellationToken)
    {
        if (container.Pull != ImagePull.Always && await IsThereAsync(container.Image, cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        if (container.Pull == ImagePull.Never)
        {
            return JobResult.Failure(Reasons.AgentError, $"The agent does not have the image {container.Image}, and the job says to fetch it never. Put it there, or set 'pull' to missing.");
        }

        order.Log.WriteLine($"fetching the image {container.Image}");
        using var login = RegistryLogin.Create(container, order.Message.SecretValues, variable, Path.Combine(folder, "login"));
        string[] pull = (login, calls.Engine.IsPodman) switch
        {
            (null, _) => ["pull", "--quiet", container.Image],
            (_, true) => ["pull", "--quiet", "--authfile", login.AuthFile, container.Image],
            _ => ["--config", login.Folder, "pull", "--quiet", container.Image],
        };
        var (code, output) = await calls.RunAsync(pull, cancellationToken).ConfigureAwait(false);
        return code == 0
            ? null
            : JobResult.Failure(Reasons.AgentError, $"The image {container.Image} could not be fetched. Check its name, its registry and 'credentials'. {output}");
    }

    private async Task<bool> IsThereAsync(string image, CancellationToken cancellationToken) =>
        (await calls.RunAsync(["image", "inspect", "--format", "{{.Id}}", image], cancellationToken).ConfigureAwait(false)).Code == 0;
}

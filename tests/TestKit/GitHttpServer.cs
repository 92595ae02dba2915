using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Control.TestKit;

/// <summary>
/// Bare Git repositories behind real HTTP on loopback: Git's own <c>http-backend</c>, called as a CGI program (RFC 3875).
/// Fetching is open unless a password is set; pushing always needs it.
/// </summary>
public sealed class GitHttpServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _root;
    private readonly string? _authorization;
    private readonly string _backend;

    private GitHttpServer(WebApplication app, string root, string? authorization, string backend)
    {
        _app = app;
        _root = root;
        _authorization = authorization;
        _backend = backend;
    }

    /// <summary>Address of the folder of repositories, without a slash at the end.</summary>
    public string Url => _app.Urls.First();

    /// <summary>Serves every repository below a folder; with a password, to that user only.</summary>
    public static async Task<GitHttpServer> StartAsync(string root, string? user = null, string? password = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Limits.MaxRequestBodySize = 64 << 20;
        });
        var authorization = user is null ? null : "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));
        var server = new GitHttpServer(builder.Build(), Path.GetFullPath(root), authorization, await FindBackend());
        server._app.Run(server.Serve);
        await server._app.StartAsync();
        return server;
    }

    /// <summary>Turns a folder of files into a bare repository with one commit on <c>main</c>; returns the commit.</summary>
    public static async Task<string> PublishAsync(string files, string bareRepository)
    {
        var work = Directory.CreateTempSubdirectory("control-publish-").FullName;
        try
        {
            CopyTree(files, work);
            await Git(work, "init", "--quiet", "--initial-branch=main");
            await Git(work, "add", "--all");
            await Git(work, "-c", "user.name=Sample", "-c", "user.email=sample@example.org", "commit", "--quiet", "-m", "Import the sample");
            await Git(work, "clone", "--quiet", "--bare", work, bareRepository);
            await Git(bareRepository, "config", "http.receivepack", "true");
            return (await Git(work, "rev-parse", "HEAD")).Trim();
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    /// <summary>Runs Git in a folder and returns what it prints.</summary>
    /// <exception cref="InvalidOperationException">Git failed; the message holds its errors.</exception>
    public static async Task<string> Git(string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("git", arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        using var git = Process.Start(start)!;
        var output = git.StandardOutput.ReadToEndAsync();
        var errors = git.StandardError.ReadToEndAsync();
        await Task.WhenAll(output, errors, git.WaitForExitAsync());
        return git.ExitCode == 0 ? await output : throw new InvalidOperationException($"git {arguments[0]}: {await errors}");
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task Serve(HttpContext http)
    {
        if (_authorization is not null && http.Request.Headers.Authorization != _authorization)
        {
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
            http.Response.Headers.WWWAuthenticate = "Basic realm=\"git\"";
            return;
        }

        http.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = 64 << 20;
        using var backend = Process.Start(Cgi(http.Request))!;
        var input = SendBody(http.Request, backend);
        await RelayHeaders(backend.StandardOutput.BaseStream, http.Response);
        await backend.StandardOutput.BaseStream.CopyToAsync(http.Response.Body);
        await input;
        await backend.WaitForExitAsync();
    }

    private ProcessStartInfo Cgi(HttpRequest request)
    {
        var start = new ProcessStartInfo(_backend) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["GIT_PROJECT_ROOT"] = _root;
        start.Environment["GIT_HTTP_EXPORT_ALL"] = "1";
        start.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        start.Environment["PATH_INFO"] = request.Path;
        start.Environment["QUERY_STRING"] = request.QueryString.Value?.TrimStart('?') ?? "";
        start.Environment["REQUEST_METHOD"] = request.Method;
        start.Environment["CONTENT_TYPE"] = request.ContentType ?? "";
        start.Environment["CONTENT_LENGTH"] = request.ContentLength?.ToString(CultureInfo.InvariantCulture) ?? "";
        start.Environment["HTTP_CONTENT_ENCODING"] = request.Headers.ContentEncoding.ToString();
        start.Environment["GIT_PROTOCOL"] = request.Headers["Git-Protocol"].ToString();
        start.Environment["REMOTE_USER"] = _authorization is null ? "" : "user";
        start.Environment["REMOTE_ADDR"] = "127.0.0.1";
        return start;
    }

    private static async Task SendBody(HttpRequest request, Process backend)
    {
        await request.Body.CopyToAsync(backend.StandardInput.BaseStream);
        backend.StandardInput.Close();
    }

    // A CGI answer begins with headers up to an empty line; Status is the only one that is not passed on as it is.
    private static async Task RelayHeaders(Stream output, HttpResponse response)
    {
        while (await ReadLine(output) is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var (name, value) = (line[..colon], line[(colon + 1)..].Trim());
            if (name.Equals("Status", StringComparison.OrdinalIgnoreCase))
            {
                response.StatusCode = int.Parse(value.AsSpan(0, 3), CultureInfo.InvariantCulture);
            }
            else
            {
                response.Headers[name] = value;
            }
        }
    }

    private static async Task<string> ReadLine(Stream stream)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (await stream.ReadAsync(one) == 1 && one[0] != '\n')
        {
            if (one[0] != '\r')
            {
                line.Append((char)one[0]);
            }
        }

        return line.ToString();
    }

    private static async Task<string> FindBackend() => Path.Combine((await Git("/", "--exec-path")).Trim(), "git-http-backend");

    private static void CopyTree(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}

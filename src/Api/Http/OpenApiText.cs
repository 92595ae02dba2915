using System.Text;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace Control.Api.Http;

/// <summary>
/// The OpenAPI document, made once: it does not change while the process runs, making it takes a tenth of a second, and
/// strangers may ask for it as often as they like.
/// </summary>
internal sealed class OpenApiText([FromKeyedServices(OpenApiDocuments.Name)] IOpenApiDocumentProvider documents)
{
    private const OpenApiSpecVersion Version = OpenApiSpecVersion.OpenApi3_1;

    private readonly Lock _gate = new();
    private Task<string>? _text;

    /// <summary>The document as JSON.</summary>
    public Task<string> GetAsync()
    {
        lock (_gate)
        {
            return _text is null or { IsFaulted: true } ? _text = Task.Run(MakeAsync) : _text;
        }
    }

    private async Task<string> MakeAsync()
    {
        var document = await documents.GetOpenApiDocumentAsync();
        using var buffer = new MemoryStream();
        await document.SerializeAsJsonAsync(buffer, Version);
        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}

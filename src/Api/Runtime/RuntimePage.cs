using System.Reflection;

namespace Control.Api.Runtime;

/// <summary>
/// The page that shows the runtime in a browser: files of this assembly that anybody may have, because they say nothing. What is
/// shown comes from the API, with a token that the page asks for and keeps in its tab.
/// </summary>
internal static class RuntimePage
{
    // Nothing but the page's own files and the API; no script or style in the page itself, no frame, no form that leaves it.
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static void Map(IEndpointRouteBuilder app)
    {
        Map(app, "/runtime", "page.html", "text/html; charset=utf-8");
        Map(app, "/runtime/page.js", "page.js", "text/javascript; charset=utf-8");
        Map(app, "/runtime/page.css", "page.css", "text/css; charset=utf-8");
    }

    private static void Map(IEndpointRouteBuilder app, string path, string file, string type)
    {
        var content = Read(file);
        app.MapGet(path, IResult (HttpContext http) =>
        {
            http.Response.Headers.ContentSecurityPolicy = Policy;
            http.Response.Headers["Referrer-Policy"] = "no-referrer";
            // Names in the page are relative, so that it works behind a proxy's prefix; with a slash they would lead elsewhere.
            return http.Request.Path.Value!.EndsWith('/') ? TypedResults.Redirect($"..{path}") : TypedResults.Bytes(content, type);
        }).AllowAnonymous().ExcludeFromDescription();
    }

    private static byte[] Read(string file)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"{typeof(RuntimePage).Namespace}.Page.{file}")!;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }
}

using System.Security.Claims;
using System.Text.Encodings.Web;
using Control.Storage;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;

namespace Control.Api.Access;

/// <summary>Which credentials a scheme takes.</summary>
internal sealed class BearerOptions : AuthenticationSchemeOptions
{
    /// <summary>How they start.</summary>
    public string Prefix { get; set; } = "";

    /// <summary>The kind of subject they belong to.</summary>
    public string Kind { get; set; } = "";
}

/// <summary>Names of the authentication schemes.</summary>
internal static class Schemes
{
    /// <summary>Access tokens of people and their programs.</summary>
    public const string Token = "token";

    /// <summary>Credentials of agents.</summary>
    public const string Agent = "agent";
}

/// <summary>
/// Reads <c>Authorization: Bearer</c>. Each scheme takes only its own prefix, so an agent's credential means nothing on a
/// route of people and the other way round. Pages for browsers take the token as a password too.
/// </summary>
internal sealed class BearerHandler(
    IOptionsMonitor<BearerOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder,
    Credentials credentials,
    FailedSignIns failures)
    : AuthenticationHandler<BearerOptions>(options, logger, encoder)
{
    private const string Start = "Bearer ";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (TokenOf(Request.Headers.Authorization.ToString()) is not { } token || BearerTokens.Split(token, Options.Prefix) is not var (id, secret))
        {
            return AuthenticateResult.NoResult();
        }

        var key = new SubjectKey(Options.Kind, id);
        if (!credentials.Knows(key) && failures.AreTooMany(Context))
        {
            return AuthenticateResult.Fail("Too many wrong credentials came from this address.");
        }

        var caller = await credentials.FindAsync(key, secret, Context.RequestAborted);
        return caller is null ? Refuse() : Accept(caller);
    }

    private string? TokenOf(string header) => header.StartsWith(Start, StringComparison.OrdinalIgnoreCase)
        ? header[Start.Length..].Trim()
        : BrowserPages.Serve(Context) ? BrowserPages.TokenOf(header) : null;

    private AuthenticateResult Refuse()
    {
        failures.Count(Context);
        return AuthenticateResult.Fail("The credential is wrong, expired or revoked.");
    }

    private AuthenticateResult Accept(Caller caller)
    {
        Context.Features.Set(caller);
        var identity = new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, caller.Actor.Id)], Scheme.Name);
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Scheme.Name));
    }
}

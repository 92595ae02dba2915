using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;

namespace Control.Api.Access;

/// <summary>Answers for those who may not pass: 401 for strangers, else what the policy's handler found.</summary>
internal sealed class AccessAnswers : IAuthorizationMiddlewareResultHandler
{
    public Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        if (authorizeResult.Succeeded)
        {
            return next(context);
        }

        var problem = context.Features.Get<Problem>() ?? (authorizeResult.Challenged ? Unauthorized() : Forbidden());
        if (problem.Status == StatusCodes.Status401Unauthorized)
        {
            context.Response.Headers.WWWAuthenticate = BrowserPages.Serve(context) ? BrowserPages.Challenge : "Bearer realm=\"control\"";
        }

        return new ProblemResult(problem).ExecuteAsync(context);
    }

    private static Problem Unauthorized() => Problem.Of(
        StatusCodes.Status401Unauthorized,
        "unauthorized",
        "Send a valid access token: 'Authorization: Bearer …'. Tokens are made with POST /api/v1/tokens or 'control token create'.");

    private static Problem Forbidden() =>
        Problem.Of(StatusCodes.Status403Forbidden, "forbidden", "The token may not do this.");
}

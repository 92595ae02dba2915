namespace Control.Api.Http;

/// <summary>Why a workspace or a pool is held.</summary>
internal sealed record HoldRequest(string? Reason) : IRequestBody
{
    public IEnumerable<FieldError> Check() => Checks.Text("reason", Reason, 1_000);
}

namespace Control.Api.Http;

/// <summary>Checks that many bodies share.</summary>
internal static class Checks
{
    public static IEnumerable<FieldError> Name(string field, string? value)
    {
        if (value is null || !ResourceName.IsValid(value))
        {
            yield return new FieldError(field, $"Must be {ResourceName.Rule}.");
        }
    }

    /// <summary>Text that may be left out, without control characters but line breaks and tabs.</summary>
    public static IEnumerable<FieldError> Text(string field, string? value, int maxLength)
    {
        if (value?.Length > maxLength)
        {
            yield return new FieldError(field, $"Must have at most {maxLength} characters.");
        }
        else if (value?.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t')) == true)
        {
            yield return new FieldError(field, "Must not contain control characters.");
        }
    }

    /// <summary>Values by parameter name: at most 64 of 4 KiB. What they mean is checked against the definition later.</summary>
    public static IEnumerable<FieldError> Parameters(string field, IReadOnlyDictionary<string, string>? values)
    {
        if (values?.Count > 64)
        {
            yield return new FieldError(field, "Must have at most 64 values.");
        }
        else if (values?.Any(v => v.Key.Length > 128 || v.Value is null or { Length: > 4096 }) == true)
        {
            yield return new FieldError(field, "Names may have 128 characters, values 4096; null is no value.");
        }
    }
}

using System.Text.Json.Nodes;

namespace Control.Kubernetes.Client;

/// <summary>Which objects of a kind.</summary>
/// <param name="Labels">A label selector as kubectl takes it, such as <c>app=web,tier!=cache</c>; empty for all.</param>
/// <param name="Fields">A field selector, such as <c>status.phase=Running</c>; empty for all.</param>
public sealed record Selector(string Labels = "", string Fields = "")
{
    /// <summary>All of them.</summary>
    public static Selector All { get; } = new();
}

/// <summary>Which page of a list.</summary>
public sealed record ListQuery
{
    /// <summary>Which objects.</summary>
    public Selector Selector { get; init; } = Selector.All;

    /// <summary>The most on a page; 0 for all at once.</summary>
    public int Limit { get; init; }

    /// <summary>What the page before gave; empty for the first one.</summary>
    public string Continue { get; init; } = "";

    /// <summary>Empty for the newest; <c>0</c> for whatever the server has at hand.</summary>
    public string ResourceVersion { get; init; } = "";
}

/// <summary>What a write says beside the object.</summary>
public sealed record WriteOptions
{
    /// <summary>Whose change it is, in the object's managed fields; up to 128 characters.</summary>
    public string FieldManager { get; init; } = "control";

    /// <summary>The answer is what would have become of it, and nothing changes.</summary>
    public bool IsDryRun { get; init; }

    /// <summary>For applies: takes fields from others who manage them.</summary>
    public bool Force { get; init; }

    /// <summary>Whether unknown and double fields are refused; servers before 1.27 do not look.</summary>
    public bool IsStrict { get; init; } = true;
}

/// <summary>How an object is deleted.</summary>
public sealed record DeleteOptions
{
    /// <summary>What becomes of what it owns; null for what the kind wants.</summary>
    public Propagation? Propagation { get; init; }

    /// <summary>Seconds that it gets to end; null for its own wish.</summary>
    public int? GracePeriodSeconds { get; init; }

    /// <summary>Only the object of this uid, not one of the same name after it; empty for any.</summary>
    public string Uid { get; init; } = "";

    /// <summary>Only if it has not changed since this version; empty for any.</summary>
    public string ResourceVersion { get; init; } = "";

    /// <summary>Nothing is deleted.</summary>
    public bool IsDryRun { get; init; }

    internal JsonObject ToJson()
    {
        var json = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "DeleteOptions" };
        if (Propagation is { } propagation) json["propagationPolicy"] = propagation.ToString();
        if (GracePeriodSeconds is { } seconds) json["gracePeriodSeconds"] = seconds;
        if (IsDryRun) json["dryRun"] = new JsonArray("All");
        if (Uid.Length > 0 || ResourceVersion.Length > 0)
        {
            var only = new JsonObject();
            if (Uid.Length > 0) only["uid"] = Uid;
            if (ResourceVersion.Length > 0) only["resourceVersion"] = ResourceVersion;
            json["preconditions"] = only;
        }

        return json;
    }
}

/// <summary>What becomes of the objects that a deleted one owns.</summary>
public enum Propagation
{
    /// <summary>They are deleted after it.</summary>
    Background = 1,

    /// <summary>They are deleted before it.</summary>
    Foreground,

    /// <summary>They stay.</summary>
    Orphan,
}

/// <summary>How a patch is written.</summary>
public enum PatchType
{
    /// <summary>A list of operations (RFC 6902).</summary>
    Json = 1,

    /// <summary>Fields to set, and null for those to remove (RFC 7396).</summary>
    Merge,

    /// <summary>As <see cref="Merge"/>, with Kubernetes' rules for lists; not for custom resources.</summary>
    StrategicMerge,
}

/// <summary>What an API server is.</summary>
/// <param name="GitVersion">Such as <c>v1.20.2</c>.</param>
/// <param name="Major">Such as <c>1</c>.</param>
/// <param name="Minor">Such as <c>20</c>; some providers add a plus sign.</param>
/// <param name="Platform">Such as <c>linux/amd64</c>.</param>
public sealed record ServerVersion(string GitVersion, string Major, string Minor, string Platform);

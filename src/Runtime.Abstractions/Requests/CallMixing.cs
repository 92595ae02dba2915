namespace Control.Runtime;

/// <summary>How a method's requests mix with others of the same activation.</summary>
public enum CallMixing
{
    /// <summary>Alone.</summary>
    Exclusive = 0,

    /// <summary>With other read-only requests.</summary>
    ReadOnly = 1,

    /// <summary>With all.</summary>
    Always = 2,
}

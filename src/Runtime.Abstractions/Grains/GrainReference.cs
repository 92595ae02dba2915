using Control.Runtime;

namespace Orleans.Runtime;

/// <summary>Stands for a grain by its id. Equal references name the same grain.</summary>
public class GrainReference : IAddressable, IEquatable<GrainReference>
{
    private readonly GrainId _grainId;
    private readonly IGrainRouter _router;

    private protected GrainReference(GrainId grainId, IGrainRouter router)
    {
        _grainId = grainId;
        _router = router;
    }

    /// <summary>The grain's id.</summary>
    public GrainId GrainId => _grainId;

    /// <summary>The alias of the interface by which the reference calls.</summary>
    public virtual string InterfaceName => "";

    private protected IGrainRouter Router => _router;

    /// <summary>The same grain by another of its interfaces.</summary>
    public virtual TGrainInterface Cast<TGrainInterface>() => _router.GetReference<TGrainInterface>(_grainId);

    /// <summary>Compares the grains' ids.</summary>
    public bool Equals(GrainReference? other) => other is not null && _grainId.Equals(other._grainId);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as GrainReference);

    /// <inheritdoc/>
    public override int GetHashCode() => _grainId.GetHashCode();

    /// <summary>The grain's id.</summary>
    public sealed override string ToString() => _grainId.ToString();

    /// <summary>Compares the grains' ids.</summary>
    public static bool operator ==(GrainReference? reference1, GrainReference? reference2) =>
        reference1 is null ? reference2 is null : reference1.Equals(reference2);

    /// <summary>Compares the grains' ids.</summary>
    public static bool operator !=(GrainReference? reference1, GrainReference? reference2) => !(reference1 == reference2);
}

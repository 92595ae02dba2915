using System.Globalization;

namespace Control.Runtime.Clustering;

/// <summary>One life of a silo: where it listens, and which of the silos that ever did.</summary>
/// <param name="Endpoint">Address and port, as the others dial it.</param>
/// <param name="Generation">Greater than that of every silo before it.</param>
internal sealed record SiloId(string Endpoint, long Generation)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Endpoint}@{Generation}");
}

/// <summary>A silo in the view.</summary>
/// <param name="Id">Which.</param>
/// <param name="IsLeaving">It hands its grains over and gets no others.</param>
/// <param name="IsGuest">It calls grains and never has any, as a gateway does.</param>
internal sealed record SiloMember(SiloId Id, bool IsLeaving, bool IsGuest = false);

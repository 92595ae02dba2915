using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Control.Contracts.Tests;

// The seam: how the engine writes, reads and copies a value. Wire.Embedded.cs has the same members.
internal static class Wire
{
    private static readonly ServiceProvider Services = new ServiceCollection().AddSerializer().BuildServiceProvider();

    public static object RoundTrip(object value)
    {
        var serializer = Services.GetRequiredService<Serializer>();
        return serializer.Deserialize<object>(serializer.SerializeToArray(value))!;
    }

    public static object Copy(object value) => Services.GetRequiredService<DeepCopier>().Copy(value);
}

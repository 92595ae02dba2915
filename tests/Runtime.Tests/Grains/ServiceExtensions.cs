using Microsoft.Extensions.DependencyInjection;

namespace Control.Runtime.Tests.Grains;

internal static class ServiceExtensions
{
    public static IServiceCollection Add(this IServiceCollection services, Gates gates) => services.AddSingleton(gates);
}

using Control.Storage.Queries.Events;
using Control.Storage.Queries.Logs;
using Control.Storage.Queries.Runtime;
using Control.Storage.Queries.Subjects;
using Microsoft.Extensions.DependencyInjection;

namespace Control.Storage.Queries;

/// <summary>Adds the queries to a host.</summary>
public static class QueryServices
{
    /// <summary>Adds the readers of the store that <see cref="StorageServices.AddControlStorage"/> adds.</summary>
    public static IServiceCollection AddControlQueries(this IServiceCollection services) => services
        .AddSingleton<SubjectQueries>()
        .AddSingleton<EventReader>()
        .AddSingleton<SiloHistory>()
        .AddSingleton<LogReader>();
}

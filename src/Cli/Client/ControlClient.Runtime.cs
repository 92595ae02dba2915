using Control.Contracts.Runtime;

namespace Control.Cli.Client;

public sealed partial class ControlClient
{
    /// <summary>The silos, those that started last first.</summary>
    public Task<Answer<ItemPage<SiloView>>> ListSilosAsync(PageQuery page, CancellationToken cancellationToken) =>
        ListAsync<SiloView>("/runtime/silos", page, cancellationToken);

    /// <summary>The grain classes with their figures on all living silos.</summary>
    public Task<Answer<ItemPage<GrainTypeView>>> ListGrainTypesAsync(CancellationToken cancellationToken) =>
        GetAsync<ItemPage<GrainTypeView>>("/runtime/grains", cancellationToken);

    /// <summary>The grains with the most calls and those that most calls wait for.</summary>
    public Task<Answer<ItemPage<HotGrainView>>> ListHotGrainsAsync(CancellationToken cancellationToken) =>
        GetAsync<ItemPage<HotGrainView>>("/runtime/hot", cancellationToken);

    /// <summary>Which silos came, went, were lost and came back, newest first.</summary>
    public Task<Answer<ItemPage<SiloEventView>>> GetSiloHistoryAsync(PageQuery page, CancellationToken cancellationToken) =>
        ListAsync<SiloEventView>("/runtime/history", page, cancellationToken);
}

namespace Orleans.Runtime;

/// <summary>Anything a grain reference can stand for.</summary>
public interface IAddressable;

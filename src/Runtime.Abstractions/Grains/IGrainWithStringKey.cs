namespace Orleans;

/// <summary>The base of grain interfaces whose grains are found by a text key.</summary>
public interface IGrainWithStringKey : IGrain;

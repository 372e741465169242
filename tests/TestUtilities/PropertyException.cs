namespace Tunnel.TestUtilities;

/// <summary>A property that has to hold for every input does not.</summary>
public sealed class PropertyException(string message) : Exception(message);

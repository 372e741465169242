namespace Tunnel.TestUtilities;

/// <summary>Says that a property which has to hold for every input does not.</summary>
public sealed class PropertyException(string message) : Exception(message);

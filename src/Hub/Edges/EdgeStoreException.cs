namespace Tunnel.Hub.Edges;

/// <summary>The state of the allowed edges can't be read or written; the message tells the operator what to do.</summary>
public sealed class EdgeStoreException : Exception
{
    /// <summary>Makes one.</summary>
    public EdgeStoreException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one with its cause.</summary>
    public EdgeStoreException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

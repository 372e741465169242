namespace Tunnel.Shared.Transport.Mux.Core;

/// <summary>Bytes that were sent: a batch, or several small ones.</summary>
/// <param name="bytes">The buffer; null when the bytes are not held.</param>
/// <param name="start">Where they begin.</param>
/// <param name="length">How many they are.</param>
internal struct KeptEntry(byte[]? bytes, int start, int length)
{
    /// <summary>The buffer; null when the bytes are not held.</summary>
    public readonly byte[]? Bytes = bytes;

    /// <summary>Where they begin.</summary>
    public readonly int Start = start;

    /// <summary>How many they are.</summary>
    public int Length = length;

    /// <summary>Whether small batches are copied together here.</summary>
    public bool IsChunk;
}

namespace Tunnel.Shared.Transport.Mux.Lanes;

/// <summary>The load of a lane, as it matters to a new stream.</summary>
/// <param name="Bulk">The number of streams that move bulk, in either direction.</param>
/// <param name="Unsent">Bytes that wait here to be sent, in the process and in the kernel.</param>
/// <param name="Flows">The number of open streams and sessions.</param>
/// <param name="IsExtra">True when the lane was opened on demand.</param>
/// <param name="IsRetiring">True when the lane will be closed once it is empty, or has no connection now.</param>
internal readonly record struct LaneLoad(int Bulk, long Unsent, int Flows, bool IsExtra = false, bool IsRetiring = false);

namespace Tunnel.Shared.Transport.Mux.Lanes;

/// <summary>What a lane has to do, as far as it matters to a stream that is to be opened.</summary>
/// <param name="Bulk">Streams that move bulk, in either direction.</param>
/// <param name="Unsent">Bytes that wait here to be sent, in the process and in the kernel.</param>
/// <param name="Flows">Streams and sessions open.</param>
/// <param name="IsExtra">It was opened on demand.</param>
/// <param name="IsRetiring">It is to be closed once it is empty.</param>
internal readonly record struct LaneLoad(int Bulk, long Unsent, int Flows, bool IsExtra = false, bool IsRetiring = false);

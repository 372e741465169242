using Tunnel.Shared.Transport;

namespace Tunnel.Transport.ContractTests;

/// <summary>The mux over TLS keeps the contract where its streams may go on over other connections and tunnels.</summary>
public sealed class TlsMovingTunnelTests() : TunnelContract(new TlsPairFactory { ResumeGrace = TransportContext.DefaultResumeGrace });

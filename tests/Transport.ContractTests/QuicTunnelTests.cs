namespace Tunnel.Transport.ContractTests;

/// <summary>QUIC keeps the contract.</summary>
public sealed class QuicTunnelTests() : TunnelContract(new QuicPairFactory());

namespace Tunnel.Transport.ContractTests;

/// <summary>The mux over TLS keeps the contract.</summary>
public sealed class TlsTunnelTests() : TunnelContract(new TlsPairFactory());

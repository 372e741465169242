namespace Tunnel.Transport.ContractTests;

/// <summary>A tunnel of two lanes keeps the contract; its streams are spread over both.</summary>
public sealed class TlsLaneContractTests() : TunnelContract(new TlsLanePairFactory(2));

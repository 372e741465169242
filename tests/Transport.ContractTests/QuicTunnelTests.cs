namespace Tunnel.Transport.ContractTests;

/// <summary>QUIC keeps the contract.</summary>
public sealed class QuicTunnelTests() : TunnelContract(new QuicPairFactory())
{
    // One stream takes msquic some 0.1 ms.
    protected override int Openings => 4_000;
}

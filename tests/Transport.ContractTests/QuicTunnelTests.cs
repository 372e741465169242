namespace Tunnel.Transport.ContractTests;

/// <summary>QUIC keeps the contract.</summary>
public sealed class QuicTunnelTests() : TunnelContract(new QuicPairFactory())
{
    // msquic takes some 0.1 ms for each.
    protected override int Openings => 4_000;
}

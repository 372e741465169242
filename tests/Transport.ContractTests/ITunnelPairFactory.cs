using Tunnel.Shared.Transport;

namespace Tunnel.Transport.ContractTests;

/// <summary>Makes a connected hub and edge end over one transport: what a transport has to bring to be held to the contract.</summary>
public interface ITunnelPairFactory
{
    Task<TunnelPair> CreateAsync(TestHub hub, TestEdge edge, FlowControlOptions? flow = null, uint numbersUsed = 0);
}

namespace Tunnel.Edge.Firewall;

/// <summary>Runs transactions of libnftables JSON. Every failure is a result; only cancellation throws.</summary>
internal interface INft
{
    Task<NftResult> RunAsync(byte[] document, CancellationToken cancellationToken);

    /// <summary>Runs a listing without the elements of sets, because limits remember some hundred thousand sources.</summary>
    Task<NftResult> ListAsync(byte[] document, CancellationToken cancellationToken);
}

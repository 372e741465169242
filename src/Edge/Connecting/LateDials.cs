using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>What is done with dials that were cancelled because another one has won.</summary>
internal static class LateDials
{
    /// <summary>Closes the tunnel of a dial that gets through although another one has won.</summary>
    public static async Task DiscardAsync(this Task<DialResult> dial)
    {
        try
        {
            var result = await dial;
            if (result.Tunnel is { } tunnel)
                await tunnel.DisposeAsync();
        }
        catch (OperationCanceledException)
        {
        }
    }
}

using System.Net;
using System.Net.Sockets;
using Tunnel.Shared.Sockets;

namespace Tunnel.Hub.Targets;

/// <inheritdoc cref="IUpstreamConnector"/>
internal sealed class UpstreamConnector(TargetResolver resolver, DescriptorGuard descriptors, TimeProvider time) : IUpstreamConnector
{
    public async ValueTask<ConnectOutcome> ConnectAsync(UpstreamRequest request, CancellationToken limit)
    {
        if (!resolver.TryResolve(request.Host, out var addresses))
        {
            try
            {
                addresses = await resolver.ResolveAsync(request.Host).WaitAsync(limit);
            }
            catch (OperationCanceledException)
            {
                return ConnectOutcome.Failed(StreamFailure.ConnectTimeout);
            }
        }

        if (addresses.Length == 0)
            return ConnectOutcome.Failed(StreamFailure.NameNotFound);
        return addresses.Length == 1
            ? await ConnectAsync(new IPEndPoint(addresses[0], request.Port), limit)
            : await ConnectToAnyAsync(addresses, request, limit);
    }

    // Tries one address after the other; each has its share of the time, so that a silent one does not use it all up.
    private async ValueTask<ConnectOutcome> ConnectToAnyAsync(IPAddress[] addresses, UpstreamRequest request, CancellationToken limit)
    {
        var outcome = ConnectOutcome.Failed(StreamFailure.Unreachable);
        foreach (var address in addresses)
        {
            using var share = new CancellationTokenSource(request.Timeout / addresses.Length, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit, share.Token);
            outcome = await ConnectAsync(new IPEndPoint(address, request.Port), either.Token);
            if (outcome.Succeeded || limit.IsCancellationRequested)
                break;
        }

        return outcome;
    }

    private async ValueTask<ConnectOutcome> ConnectAsync(IPEndPoint target, CancellationToken limit)
    {
        try
        {
            var (socket, error) = await SocketConnector.ConnectAsync(target, limit, descriptors);
            return socket is not null ? new ConnectOutcome(socket, default) : ConnectOutcome.Failed(Classify(error));
        }
        catch (OperationCanceledException)
        {
            return ConnectOutcome.Failed(StreamFailure.ConnectTimeout);
        }
        catch (SocketException e)
        {
            // The connection was reset so soon that its options can't be set.
            return ConnectOutcome.Failed(Classify(e.SocketErrorCode));
        }
    }

    private static StreamFailure Classify(SocketError error) => error switch
    {
        SocketError.ConnectionRefused or SocketError.ConnectionReset => StreamFailure.Refused,
        SocketError.TimedOut => StreamFailure.ConnectTimeout,
        SocketError.TooManyOpenSockets => StreamFailure.DescriptorLimit,
        SocketError.NoBufferSpaceAvailable or SocketError.AddressNotAvailable or SocketError.AddressAlreadyInUse =>
            StreamFailure.NoResources,
        _ => StreamFailure.Unreachable,
    };
}

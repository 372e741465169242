using System.Net;
using System.Net.Sockets;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Programs;

/// <summary>Waits until a program that was just started takes connections.</summary>
internal static class Listening
{
    public static Task WaitAsync(IPEndPoint endPoint, ManagedProcess process) =>
        Eventually.IsTrueAsync(() => TryConnectAsync(endPoint, process), $"{process.Name} on {endPoint}", explain: () => process.Log);

    private static async Task<bool> TryConnectAsync(IPEndPoint endPoint, ManagedProcess process)
    {
        if (process.HasExited)
        {
            throw new InvalidOperationException($"{process.Name} ended with code {process.ExitCode}:\n{process.Log}");
        }

        using var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(endPoint);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}

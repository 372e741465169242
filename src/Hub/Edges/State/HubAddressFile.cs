using System.Text;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Edges.State;

/// <summary>
/// <c>hub-address</c> in the state directory: the hub's future address, which is told to all edges, including later ones.
/// </summary>
internal sealed class HubAddressFile(string stateDir, IStateFiles files)
{
    public const string FileName = "hub-address";

    private readonly string _path = Path.Combine(stateDir, FileName);

    /// <summary>Reads the announced address; null: nothing is announced.</summary>
    /// <exception cref="OperatorException">The file can't be read or is damaged.</exception>
    public string? Load()
    {
        try
        {
            if (files.Read(_path) is not { } content)
                return null;
            var address = Encoding.UTF8.GetString(content).Trim();
            return HostSyntax.TryParseHostAndPort(address, out _, out _)
                ? address
                : throw new OperatorException(
                    $"{_path} is damaged: it must say HOST:PORT. Remove it, and announce the address again (tunnel-hub edge hub-address).");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"{_path} can't be read: {FileFault.Of(error, _path)}.", error);
        }
    }

    /// <summary>Keeps an address, or removes it when null; on return the change is on the disk.</summary>
    /// <exception cref="OperatorException">The address can't be kept; the old one stays.</exception>
    public void Save(string? address)
    {
        try
        {
            if (address is not null)
            {
                files.Replace(_path, Encoding.UTF8.GetBytes(address + "\n"));
                return;
            }

            files.Delete(_path);
            files.FlushDirectory(stateDir);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException(
                $"The hub's address could not be kept in {_path}, so nothing was changed: {FileFault.Of(error, _path)}.", error);
        }
    }
}

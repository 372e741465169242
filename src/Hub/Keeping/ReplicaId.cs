using System.Security.Cryptography;
using System.Text;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Keeping;

/// <summary>
/// <c>replica-id</c> in the state directory: what tells this hub from all others that share its state, also after it was started again. It
/// is none of what a backup has, and goes with the machine's name, so that a copy of a hub is another one.
/// </summary>
internal static class ReplicaId
{
    public const string FileName = "replica-id";

    private const int Bytes = 16;

    /// <summary>Reads it, and makes it where there is none.</summary>
    /// <returns>The machine's name with the port, a space, and a number.</returns>
    /// <exception cref="OperatorException">It can't be read or written.</exception>
    public static string Of(string stateDir, int port, IStateFiles files)
    {
        var path = Path.Combine(stateDir, FileName);
        try
        {
            var id = files.Read(path) is { } content ? Encoding.ASCII.GetString(content).Trim() : "";
            if (id.Length != 2 * Bytes || !id.All(char.IsAsciiHexDigitLower))
            {
                id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Bytes));
                files.MakeDirectory(stateDir);
                files.Replace(path, Encoding.ASCII.GetBytes(id + "\n"));
            }

            return $"{Environment.MachineName.Replace(' ', '-')}:{port} {id}";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"{path} can't be used: {FileFault.Of(error, path)}.", error);
        }
    }
}

using System.Net;
using Tunnel.Shared.Hosting.Logging;

namespace Tunnel.Shared.UnitTests.Hosting.Logging;

public sealed class AddressMaskTests
{
    [Theory]
    [InlineData("192.0.2.77", "192.0.2.0")]
    [InlineData("from 192.0.2.77:443, gone.", "from 192.0.2.0:443, gone.")]
    [InlineData("It was 192.0.2.77.", "It was 192.0.2.0.")]
    [InlineData("[2001:db8:1:2::3]:443 failed", "[2001:db8:1::]:443 failed")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1::")]
    [InlineData("2001:db8::7: refused", "2001:db8::: refused")]
    [InlineData("2001:db8:1:2:3:4:5:6: refused", "2001:db8:1::: refused")]
    [InlineData("2001:db8:1:2:3:4:5:: refused", "2001:db8:1:: refused")]
    [InlineData("fe80::1%eth0", "fe80::%eth0")]
    [InlineData("[::ffff:192.0.2.77]:1", "[::ffff:192.0.2.0]:1")]
    [InlineData("::ffff:192.0.2.77: refused", "::ffff:192.0.2.0: refused")]
    [InlineData("::ffff:192.0.2.77:443", "::ffff:192.0.2.0:443")]
    [InlineData("""{"Remote":"192.0.2.77:1","Other":"[2001:db8:9:9::9]:2"}""", """{"Remote":"192.0.2.0:1","Other":"[2001:db8:9::]:2"}""")]
    public void Addresses_lose_their_last_part(string text, string masked) => Assert.Equal(masked, AddressMask.Apply(text));

    [Theory]
    [InlineData("2026-11-21T13:40:00.123Z info: started")]
    [InlineData("after 00:00:30")]
    [InlineData("listens on [::]:8443")]
    [InlineData("1.2.3 and 1.2.3.4.5 and 999.1.1.1")]
    [InlineData("aa:bb:cc:dd:ee:ff")]
    [InlineData("tunnel::edge::Type")]
    public void What_is_no_address_stays(string text) => Assert.Equal(text, AddressMask.Apply(text));

    [Fact]
    public void No_random_address_passes()
    {
        var random = new Random(5);
        for (var i = 0; i < 2000; i++)
        {
            var bytes = new byte[i % 2 == 0 ? 4 : 16];
            random.NextBytes(bytes);
            // The last part of the address must not be seen.
            (bytes[^1], bytes[^2]) = (0x5e, 0xa7);
            var address = new IPAddress(bytes);
            var text = $"client {new IPEndPoint(address, 1234)} ({address}) said: {address}";
            var masked = AddressMask.Apply(text);
            Assert.DoesNotContain(address.ToString(), masked);
            Assert.StartsWith("client ", masked);
        }
    }
}

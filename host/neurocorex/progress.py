"""Progress bars of whatever takes over two seconds, in terminals and notebook cells; quiet in pipes."""
